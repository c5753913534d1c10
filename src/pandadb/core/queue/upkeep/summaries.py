"""Queues and groups at a glance: how many jobs wait and run, since when, with which workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Float, any_, case, func, literal, select, union_all

from pandadb.core.jobs.states import WITH_WORKER
from pandadb.core.sql.expressions import now
from pandadb.models import JobControl, JobGroup, JobGroupMember, Worker
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

CONTROL, GROUP, MEMBER, WORKER = (
    model.__table__.c for model in (JobControl, JobGroup, JobGroupMember, Worker)
)
ALIVE = timedelta(minutes=5)
"""How long after its last sign of life a worker counts as running."""


@dataclass(frozen=True)
class QueueDepth:
    """A queue: its jobs that have not ended, and its workers."""

    queue: str
    ready: int = 0
    """Activated jobs, free for a worker."""
    pending: int = 0
    """Jobs that wait for parents, a time or their user."""
    throttled: int = 0
    """Jobs that wait for a place in their group, or are paused."""
    running: int = 0
    """Jobs that workers have."""
    age: float | None = None
    """Seconds since the oldest ready job became so; None if there is none."""
    next_time: datetime | None = None
    """The next time (naive UTC) at which a job is due."""
    workers: int = 0
    slots: int = 0


def queues(session: Transaction) -> list[QueueDepth]:
    """Return the queues with jobs or workers, by name."""
    jobs = {row.queue: row for row in session.execute(_jobs())}
    workers = {row.queue: row for row in session.execute(_workers())}
    return [
        QueueDepth(
            name,
            **({} if name not in jobs else dict(zip(COUNTED, jobs[name][1:], strict=True))),
            **({} if name not in workers else dict(zip(WORKED, workers[name][1:], strict=True))),
        )
        for name in sorted({*jobs, *workers})
    ]


COUNTED = ("ready", "pending", "throttled", "running", "age", "next_time")
WORKED = ("workers", "slots")


def _jobs() -> Any:
    """Return the statement that counts the jobs of each queue."""
    parts = (
        select(job.pandaid, job.jobstatus, job.statechangetime)
        for table in LIVE_TABLES
        for job in (table.__table__.c,)
    )
    job = union_all(*parts).subquery("job")
    state = job.c.jobstatus
    since = func.min(case((state == "activated", job.c.statechangetime)))
    return (
        select(
            CONTROL.queue,
            *(_number(state == name) for name in ("activated", "pending", "throttled")),
            _number(state.in_(WITH_WORKER)),
            func.extract("epoch", now() - since).cast(Float),
            func.min(CONTROL.run_after),
        )
        .join(job, job.c.pandaid == CONTROL.pandaid)
        .group_by(CONTROL.queue)
    )


def _number(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(which)


def _workers() -> Any:
    """Return the statement that counts the workers of each queue that are alive."""
    each = (
        select(func.unnest(WORKER.queues).label("queue"), WORKER.slots)
        .where(*_is_alive())
        .subquery("each")
    )
    return select(each.c.queue, func.count(), func.sum(each.c.slots)).group_by(each.c.queue)


def _is_alive() -> tuple[ColumnElement[bool], ...]:
    return WORKER.stopped_at.is_(None), WORKER.last_seen > now() - ALIVE


def workers_of(session: Transaction, queue: str) -> tuple[int, int]:
    """Return the number of workers of a queue that are alive, and that of their slots."""
    query = select(func.count(), func.coalesce(func.sum(WORKER.slots), 0))
    row = session.execute(query.where(*_is_alive(), literal(queue) == any_(WORKER.queues))).one()
    return int(row[0]), int(row[1])


@dataclass(frozen=True)
class GroupState:
    """A group: its limit, the jobs that have a place, and those that wait for one."""

    group_key: str
    max_running: int
    admitted: int
    waiting: int


def group_states(session: Transaction, group_key: str | None = None) -> list[GroupState]:
    """Return groups by name, or one of them."""
    rows: Any = (
        select(*GROUP, _number(MEMBER.admitted), _number(MEMBER.admitted.is_(False)))
        .outerjoin(JobGroupMember.__table__, MEMBER.group_key == GROUP.group_key)
        .group_by(*GROUP)
        .order_by(GROUP.group_key)
    )
    if group_key is not None:
        rows = rows.where(GROUP.group_key == group_key)
    return [GroupState(*row) for row in session.execute(rows)]
