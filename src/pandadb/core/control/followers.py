"""Consequences for other jobs of the end of jobs that the job queue controls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, or_, select, update

from pandadb.core.control import dependencies, groups, locks
from pandadb.core.gateway import run_ends
from pandadb.core.sql.expressions import constant, now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl, JobsArchived4, Outbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

CONTROL = JobControl.__table__.c
JOB_ENDED = "job ended"
"""The kind of the event of OUTBOX for a job that has ended."""


@dataclass
class Followers:
    """Jobs that go on, or end, since others have ended."""

    ready: list[int] = field(default_factory=list)
    """Pending jobs with nothing to wait for any more."""
    closing: list[int] = field(default_factory=list)
    """Jobs that are given up with a parent that has not finished."""
    groups: set[str] = field(default_factory=set)
    """Groups with a place that has become free."""


def has_followers() -> ColumnElement[bool]:
    """Match control rows of jobs with an end that concerns other rows."""
    return or_(
        CONTROL.has_children,
        CONTROL.announces,
        CONTROL.group_key.is_not(None),
        CONTROL.dedupe_key.is_not(None),
    )


def end(session: Transaction, ended: Mapping[int, str]) -> Followers:
    """Note the end of controlled jobs, each with its state; return the jobs that follow.

    The jobs are locked, so this does not wait for control rows: see `locks`.

    Raises:
        ControlLocked: The caller has not locked them, and others have.
    """
    jobs = [*ended]
    locks.lock(session, jobs, Lock.NOWAIT)
    control = update(JobControl.__table__).where(is_among(CONTROL.pandaid, jobs))
    changed = control.values(dedupe_key=None, run_after=None, last_changed=now())
    rows = session.execute(changed.returning(CONTROL.pandaid, CONTROL.announces))
    _announce(session, {job: ended[job] for job, announces in rows if announces})
    left = groups.leave(session, jobs)
    children = dependencies.note_ends(session, ended)
    return Followers(
        ready=dependencies.ready(session, children),
        closing=dependencies.to_be_closed(session, children),
        groups=left,
    )


def _announce(session: Transaction, ended: Mapping[int, str]) -> None:
    """Put an event into the outbox for each of the jobs; those of runs have events of their own."""
    jobs = {*ended} - run_ends.end(session, ended) if ended else set()
    if not jobs:
        return
    job = JobsArchived4.__table__.c
    payload = func.jsonb_build_object(
        constant("public_id"),
        CONTROL.public_id,
        constant("name"),
        CONTROL.name,
        constant("queue"),
        CONTROL.queue,
        constant("jobstatus"),
        job.jobstatus,
        constant("error"),
        func.coalesce(func.nullif(job.exeerrordiag, ""), job.taskbuffererrordiag),
        constant("metadata"),
        CONTROL.details["metadata"],
    )
    rows = (
        select(constant(JOB_ENDED), job.pandaid, job.jeditaskid, payload)
        .join(CONTROL.pandaid.table, CONTROL.pandaid == job.pandaid)
        .where(is_among(CONTROL.pandaid, jobs))
        .order_by(job.pandaid)
    )
    columns = ["kind", "pandaid", "jeditaskid", "payload"]
    session.execute(insert(Outbox.__table__).from_select(columns, rows))
