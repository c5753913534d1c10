"""Consumers are killed with another one of their job set, and their results are discarded."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from pandadb.core.events import changes
from pandadb.core.events.changes import EventJob
from pandadb.core.events.kinds import JobKind
from pandadb.core.events.special_handling import Flag
from pandadb.core.jobs.event_service import end_marks, given_jobs
from pandadb.core.jobs.event_service.consumer_ranges import GONE, is_of_file
from pandadb.core.jobs.mover import move
from pandadb.core.jobs.states import transitions
from pandadb.models import JediEvents, JobsActive4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

    Rows = Sequence[Mapping[str, Any]]

EVENT, JOB = JediEvents.__table__.c, JobsActive4.__table__.c
KILLED = ("es_killed", 120)
"""The sub-state and the code of a consumer that is killed with another one."""


def kill(session: Transaction, jobs: Rows, host: str) -> dict[int, str]:
    """Cancel the other consumers with ranges of the files of jobs; drop these ranges.

    Their results are discarded, unless the jobs keep events. Returns the jobs that have
    ended, each with its state. Files of their task are left to the job that they end with.
    """
    rows = session.execute(_owners(), given_jobs.parameters(jobs)).all()
    if not rows:
        return {}
    killers = {row.owner: row.pandaid for row in rows}
    reasons = {one: f"Job {job} of its job set was killed" for one, job in killers.items()}
    end_marks.mark(session, {one: (*KILLED, reason) for one, reason in reasons.items()})
    steps = [*transitions("kill"), *transitions("kill hard")]
    moved, _ = move(session, steps, sorted(killers), host=host)
    kept = {job["pandaid"] for job in jobs if given_jobs.has(job, Flag.KEEPS_EVENTS)}
    ended = [row for row in rows if row.owner in moved.jobs]
    for verb, keeps in (("discard", False), ("cancel open", True)):
        dropped = [
            EventJob(row.jeditaskid, row.owner) for row in ended if (row.pandaid in kept) is keeps
        ]
        changes.of_jobs(session, verb, dropped)
    return moved.jobs


@cache
def _owners() -> Select[Any]:
    given = given_jobs.table()
    files = given_jobs.inputs(given).cte("files")
    return (
        select(
            JOB.pandaid.label("owner"),
            func.min(given.c.pandaid).label("pandaid"),
            given.c.jeditaskid,
        )
        .select_from(given)
        .join(files, files.c.pandaid == given.c.pandaid)
        .join(EVENT.pandaid.table, is_of_file(files.c))
        .join(JOB.pandaid.table, JOB.pandaid == EVENT.pandaid)
        .where(
            EVENT.status.not_in(GONE),
            JOB.pandaid != given.c.pandaid,
            JOB.jobsetid == given.c.jobsetid,
            func.coalesce(JOB.eventservice, 0) != JobKind.JUMBO,
        )
        .group_by(JOB.pandaid, given.c.jeditaskid)
        .order_by(JOB.pandaid)
    )
