"""Pending jobs that are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, select, update

from pandadb.core.control import dependencies, groups
from pandadb.core.jobs import states
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.sql.expressions import constants, now
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JobControl, JobsActive4

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

CONTROL, JOB = JobControl.__table__.c, JobsActive4.__table__.c
MAX_JOBS = 1000
"""Jobs of one call: later calls take the others."""


def make_ready(session: Transaction, queues: Collection[str], *, host: str) -> dict[int, str]:
    """Make the due jobs of queues ready, the earliest first; return their new states.

    Jobs that another transaction has locked are left to it.
    """
    due = (
        select(CONTROL.pandaid)
        .where(CONTROL.queue.in_([*queues]), CONTROL.run_after <= now(), ~_is_in_steps())
        .order_by(CONTROL.run_after)
        .limit(MAX_JOBS)
        .with_for_update(skip_locked=True)
    )
    jobs = sorted(session.scalars(due))
    if not jobs:
        return {}
    groups.lock(session, groups.of_jobs(session, jobs))  # no control row is waited for: see above
    ready = dependencies.ready(session, jobs)
    control = update(JobControl.__table__).where(is_among(CONTROL.pandaid, jobs))
    session.execute(control.values(run_after=None, last_changed=now()))
    return queued_jobs.go_on(session, ready, host=host)


def _is_in_steps() -> ColumnElement[bool]:
    """Return whether a runner has begun the job: the time is that of its next step then."""
    return exists().where(
        JOB.pandaid == CONTROL.pandaid, JOB.jobstatus.in_(constants(states.WITH_WORKER))
    )


def next_time(session: Transaction, queues: Collection[str]) -> datetime | None:
    """Return the time (naive UTC) of the next job of queues that is due; None if there is none."""
    found = (
        select(CONTROL.run_after)
        .where(CONTROL.queue.in_([*queues]), CONTROL.run_after.is_not(None), ~_is_in_steps())
        .order_by(CONTROL.run_after)
        .limit(1)
    )
    time: datetime | None = session.execute(found).scalar()
    return time
