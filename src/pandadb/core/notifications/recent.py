"""Job sets and tasks of a user that have not ended, or have ended in the last days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, null, or_, select, union_all

from pandadb.core.notifications.targets import Target
from pandadb.core.sql.expressions import interval, now
from pandadb.models import JobsArchived, JobsArchived4
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

DAY = 86_400.0
ENDED_TABLES: tuple[JobTable, ...] = (JobsArchived4, JobsArchived)


def running(session: Transaction, username: str) -> list[Target]:
    """Return the job sets of a user, and tasks without one, with a job that has not ended.

    In the order of their numbers, job sets first. Jobs with neither are left out.
    """
    return _targets(session, [_numbers(table, username) for table in LIVE_TABLES], username)


def ended(session: Transaction, username: str, days: float) -> list[Target]:
    """Return the job sets and tasks of a user with their last job's end in so many days.

    Live and archived; those with a job that has not ended are left out.
    """
    since = now() - interval(days * DAY)
    rows = [
        _numbers(table, username, table.__table__.c.modificationtime >= since)
        for table in ENDED_TABLES
    ]
    open_ = {*running(session, username)}
    return [one for one in _targets(session, rows, username) if one not in open_]


def _numbers(
    table: JobTable, username: str, *conditions: ColumnElement[bool]
) -> Select[tuple[Any, ...]]:
    """Select the job sets, and the tasks of jobs without one."""
    job = table.__table__.c
    jobset = case((job.jobsetid > 0, job.jobsetid), else_=null())
    task = case((and_(jobset.is_(None), job.jeditaskid > 0), job.jeditaskid), else_=null())
    has_number = or_(job.jobsetid > 0, job.jeditaskid > 0)
    return (
        select(jobset.label("jobsetid"), task.label("jeditaskid"))
        .where(job.produsername == username, has_number, *conditions)
        .distinct()
    )


def _targets(session: Transaction, selects: Sequence[Select[Any]], username: str) -> list[Target]:
    every = union_all(*selects).subquery("every").c
    rows = session.execute(
        select(every.jobsetid, every.jeditaskid)
        .distinct()
        .order_by(every.jobsetid.nulls_last(), every.jeditaskid)
    )
    return [Target(jobset, task, username=username) for jobset, task in rows]
