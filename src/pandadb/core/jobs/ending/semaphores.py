"""Semaphores of clones: ranges of events of their jobset.

Clones take one when they first run, or with `sc:2` when they have finished.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select, tuple_, update

from pandadb.core.events.special_handling import STORE_ONCE
from pandadb.core.events.states import KEY, EventStatus
from pandadb.core.events.takes.take_statement import is_free
from pandadb.core.jobs.effects import COMMAND
from pandadb.core.jobs.ending import clones
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant
from pandadb.models import JediEvents, JobsActive4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import CTE, Select, Update

    from pandadb.core.sql.transaction import Transaction

KILL_DIAG = "killed by job cloning: another clone has the semaphore"
IN_QUEUE = ("activated", "assigned", "throttled")
"""States in which a clone is closed as soon as another one has the semaphore."""
NOT_BEGUN = ("sent", "starting")
"""States before the first run."""

JOB, EVENT = JobsActive4.__table__.c, JediEvents.__table__.c


def first_runs(goals: Mapping[int, str], found: Mapping[int, Mapping[str, Any]]) -> list[int]:
    """Return the clones among jobs that run for the first time; `found` is how they were."""
    return [
        job
        for job, goal in goals.items()
        if goal == "running" and found[job]["jobstatus"] in NOT_BEGUN and found[job]["runs_once"]
    ]


def claim(session: Transaction, pandaids: Sequence[int], host: str) -> list[int]:
    """Let clones that run for the first time take the semaphore; return those that cannot.

    These are to end: they get the command. When no range of the jobset is left, its clones in the
    queue are closed.
    """
    if not pandaids:
        return []
    given = {"pandaids": [*pandaids]}
    session.execute(_claimed(), given)
    rows = session.execute(_standings(), given).all()
    if last := [row.pandaid for row in rows if not row.is_left]:
        clones.close(session, clones.siblings(session, last, IN_QUEUE), host)
    if losers := [row.pandaid for row in rows if not row.has_semaphore]:
        session.execute(_commanded(), {"pandaids": losers})
    return losers


def claim_to_store(session: Transaction, pandaids: Sequence[int]) -> None:
    """Let clones that are about to finish take the semaphore, those of which one stores its output.

    The server fails them all: it gives no range to a job that is holding.
    """
    storing = [*session.scalars(_storing(), {"pandaids": [*pandaids]})]
    if storing:
        session.execute(_claimed(), {"pandaids": storing})


@cache
def _storing() -> Select[int]:
    pattern = constant(f"(^|,){STORE_ONCE}(,|$)")
    return (
        select(JOB.pandaid)
        .where(id_arrays.is_given(JOB.pandaid), JOB.specialhandling.regexp_match(pattern))
        .order_by(JOB.pandaid)
        .with_for_update(key_share=True)
    )


@cache
def _claimed() -> Select[Any]:
    """Give a range each to the jobs, the first to the first."""
    free = (
        select(*(EVENT[name] for name in KEY))
        .add_columns(EVENT.attemptnr)
        .where(
            tuple_(EVENT.jeditaskid, EVENT.pandaid).in_(
                select(JOB.jeditaskid, JOB.jobsetid).where(id_arrays.is_given(JOB.pandaid))
            ),
            is_free(EVENT),
        )
        .order_by(*(EVENT[name] for name in KEY))
        .with_for_update()
        .cte("free")
        .prefix_with("MATERIALIZED")
    )
    ranges, jobs = _numbered_ranges(free), _numbered_jobs()
    taken = (
        update(JediEvents.__table__)
        .where(
            ranges.c.jeditaskid == jobs.c.jeditaskid,
            ranges.c.pandaid == jobs.c.jobsetid,
            ranges.c.number == jobs.c.number,
            *(EVENT[name] == ranges.c[name] for name in (*KEY, "attemptnr")),
        )
        .values(pandaid=jobs.c.job, status=EventStatus.SENT.value, is_jumbo=None)
        .returning(EVENT.pandaid)
        .cte("taken")
    )
    return select(taken.c.pandaid)


def _numbered_ranges(free: CTE) -> CTE:
    number = func.row_number().over(
        partition_by=(free.c.jeditaskid, free.c.pandaid),
        order_by=(free.c.fileid, free.c.job_processid),
    )
    return select(free, number.label("number")).cte("ranges")


def _numbered_jobs() -> CTE:
    number = func.row_number().over(
        partition_by=(JOB.jeditaskid, JOB.jobsetid), order_by=JOB.pandaid
    )
    return (
        select(JOB.jeditaskid, JOB.jobsetid, JOB.pandaid.label("job"), number.label("number"))
        .where(id_arrays.is_given(JOB.pandaid), ~clones.has_semaphore())
        .cte("jobs")
    )


@cache
def _standings() -> Select[Any]:
    """Select whether the jobs have the semaphore, and whether free ranges are left."""
    is_left = exists().where(
        EVENT.jeditaskid == JOB.jeditaskid,
        EVENT.pandaid == JOB.jobsetid,
        is_free(EVENT),
    )
    names = clones.has_semaphore().label("has_semaphore"), is_left.label("is_left")
    return select(JOB.pandaid, *names).where(id_arrays.is_given(JOB.pandaid))


@cache
def _commanded() -> Update:
    return (
        update(JobsActive4.__table__)
        .where(id_arrays.is_given(JOB.pandaid))
        .values(commandtopilot=COMMAND, taskbuffererrordiag=KILL_DIAG)
    )
