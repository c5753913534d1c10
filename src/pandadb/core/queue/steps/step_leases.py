"""Leases of certain jobs: of some that are ready, and of jobs between two steps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, cast, func, not_, or_, select

from pandadb.core.jobs import states
from pandadb.core.jobs.mover import move
from pandadb.core.queue import leases
from pandadb.core.queue.leases import Lease
from pandadb.core.queue.verbs.new_attempts import FIRST_ATTEMPT
from pandadb.core.sql.expressions import constants, interval, now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl, JobLease, JobsActive4
from pandadb.models.schemas.control import JOB_LEASE_TOKEN_SEQ

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

CONTROL, LEASE, JOB = (one.__table__.c for one in (JobControl, JobLease, JobsActive4))
FIRST = cast(CONTROL.details[FIRST_ATTEMPT].astext, BigInteger)
ORDER = (JOB.currentpriority.desc(), func.coalesce(FIRST, JOB.pandaid))
"""By priority, then age: a further attempt is as old as the first one."""


def claim(
    session: Transaction,
    jobs: Collection[int],
    njobs: int,
    *,
    owner: str,
    seconds: float,
    host: str,
) -> list[Lease]:
    """Claim those of some jobs that are ready, by priority, then age; no more than a number.

    Jobs that another transaction has locked are left, also those with a locked control row.
    """
    free = _free(jobs).where(JOB.jobstatus == "activated").limit(njobs)
    chosen = [*session.scalars(free.with_for_update(skip_locked=True))]
    steps = states.transitions("dispatch")
    moved, _ = move(session, steps, sorted(chosen), host=host, lock=Lock.SKIP)
    return lease(session, [job for job in chosen if job in moved.jobs], owner, seconds)


def take(
    session: Transaction,
    queues: Collection[str],
    njobs: int,
    *,
    owner: str,
    seconds: float,
    jobs: Collection[int] | None = None,
) -> list[Lease]:
    """Take jobs between two steps that no worker has, by priority, then age; return the leases.

    Their next step is due: no pause is left, and they are not suspended. `jobs` are the only ones
    that are taken, if given.
    """
    due = (
        _free(jobs)
        .where(
            CONTROL.queue.in_([*queues]),
            JOB.jobstatus.in_(constants(states.WITH_WORKER)),
            not_(CONTROL.suspended),
            or_(CONTROL.run_after.is_(None), CONTROL.run_after <= now()),
            ~select(LEASE.pandaid).where(LEASE.pandaid == JOB.pandaid).exists(),
        )
        .limit(njobs)
        .with_for_update(skip_locked=True)
    )
    return lease(session, [*session.scalars(due)], owner, seconds, replaces=False)


def _free(jobs: Collection[int] | None) -> Select[int]:
    found = select(JOB.pandaid).join(CONTROL.pandaid.table, CONTROL.pandaid == JOB.pandaid)
    chosen = found if jobs is None else found.where(is_among(JOB.pandaid, jobs))
    return chosen.order_by(*ORDER)


def lease(
    session: Transaction,
    jobs: Sequence[int],
    owner: str,
    seconds: float,
    *,
    replaces: bool = True,
) -> list[Lease]:
    """Give jobs new leases; return them in the order of the jobs.

    A lease that is left of an earlier worker is replaced. Without `replaces` its job is left to its
    holder: a lease of a job between two steps may be newer than the look at the job.
    """
    if not jobs:
        return []
    until = now() + interval(float(seconds))
    rows = select(JOB.pandaid, JOB_LEASE_TOKEN_SEQ.next_value(), until, func.text(owner))
    new = leases.storing(rows.where(is_among(JOB.pandaid, jobs)), replaces=replaces)
    leased = {*session.scalars(new.returning(LEASE.pandaid))}
    parameters = leases.payload(JOB.pandaid).label("parameters")
    columns = (JOB.attemptnr, JOB.maxattempt, JOB.jeditaskid)
    found = (
        select(*LEASE, *columns, *_of_control(), parameters)
        .join(JOB.pandaid.table, JOB.pandaid == LEASE.pandaid)
        .join(CONTROL.pandaid.table, CONTROL.pandaid == LEASE.pandaid)
        .where(is_among(LEASE.pandaid, leased))
    )
    by_id = {row.pandaid: _lease(row) for row in session.execute(found)}
    return [by_id[job] for job in jobs if job in by_id]


def _of_control() -> tuple[Any, ...]:
    return (CONTROL.queue, CONTROL.kind, CONTROL.public_id, CONTROL.name)


def _lease(row: Any) -> Lease:
    given = {name: value for name, value in row._mapping.items() if name != "parameters"}
    return Lease(**given, parameters=json.loads(row.parameters) if row.parameters else {})
