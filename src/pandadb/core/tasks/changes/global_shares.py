"""Global shares of tasks and of their jobs, changed while they are live (semantics 7.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, String, bindparam, select, update

from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.sql.expressions import constants
from pandadb.core.sql.id_arrays import array, is_one_of, unnested
from pandadb.core.sql.transaction import Lock, connection_of
from pandadb.core.tasks.row_locks import lock_tasks
from pandadb.models import JediTasks
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Update

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

TASK = JediTasks.__table__.c
QUEUED_STATES = ("pending", "defined", "assigned", "waiting", "activated")
"""States of jobs that go to the new share of their task."""
RUNNING_STATES = ("running", "starting")
"""States of jobs that go, too, if that is asked for."""


@dataclass
class ShareChanges:
    """Tasks that have another share, with their jobs."""

    tasks: dict[int, tuple[str | None, str]] = field(default_factory=dict)
    """The former and the new share of each task that has changed."""
    jobs: int = 0
    """Number of jobs that have changed."""
    refused: dict[int, str] = field(default_factory=dict)
    """Tasks that keep their share, with the reason."""

    def add(self, other: ShareChanges) -> None:
        """Add the changes of another transaction."""
        self.tasks |= other.tasks
        self.jobs += other.jobs
        self.refused |= other.refused


def assign(
    session: Transaction,
    tasks: Sequence[int],
    share: str,
    *,
    running: bool,
    lock: Lock = Lock.WAIT,
) -> ShareChanges:
    """Give tasks and their queued jobs another share, `running` jobs too if that is asked for.

    Tasks that an agent has locked (`lockedby`) keep theirs, as do their jobs.

    Raises:
        TasksLocked, JobsLocked: A row was locked for longer than the lock timeout.
    """
    rows = lock_tasks(session, tasks, lock, "lockedby", "gshare")
    free = {task: row.gshare for task, row in rows.items() if row.lockedby is None}
    changes = write(session, dict.fromkeys(free, share), free, running=running)
    for task in tasks:
        if task not in rows:
            locked = " that is free" if lock is Lock.SKIP else ""
            changes.refused[task] = f"There is no task {task}{locked}"
        elif task not in free:
            changes.refused[task] = f"Task {task} is locked by {rows[task].lockedby}"
    return changes


def write(
    session: Transaction,
    shares: Mapping[int, str],
    before: Mapping[int, str | None],
    *,
    running: bool,
) -> ShareChanges:
    """Write the shares of tasks, which are locked, and of their jobs; rows that have it are left.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    changes = ShareChanges(
        {task: (before[task], share) for task, share in shares.items() if before[task] != share}
    )
    parameters = {"tasks": [*shares], "shares": [*shares.values()]}
    if shares:
        connection = connection_of(session)
        connection.execute(_task_update(), parameters)
        with refusing_to_wait():
            for table in LIVE_TABLES:
                done = connection.execute(_job_update(table, running=running), parameters)
                changes.jobs += done.rowcount
    return changes


def _given() -> Any:
    shares = bindparam("shares", type_=ARRAY(String))
    return unnested("given", jeditaskid=array("tasks"), gshare=shares).c


@cache
def _task_update() -> Update:
    given = _given()
    return (
        update(JediTasks.__table__)
        .where(TASK.jeditaskid == given.jeditaskid, TASK.gshare.is_distinct_from(given.gshare))
        .values(gshare=given.gshare)
    )


@cache
def _job_update(table: JobTable, *, running: bool) -> Update:
    """Return the statement that changes the jobs, locked in the order of their ids."""
    job, given = table.__table__.c, _given()
    states = (*QUEUED_STATES, *RUNNING_STATES) if running else QUEUED_STATES
    picked = (
        select(job.pandaid)
        .where(
            is_one_of(job.jeditaskid, select(given.jeditaskid)),
            job.jobstatus.in_(constants(states)),
        )
        .order_by(job.pandaid)
        .with_for_update(of=table.__table__)
        .cte("picked")
        .prefix_with("MATERIALIZED")
    )
    return (
        update(table.__table__)
        .where(
            is_one_of(job.pandaid, select(picked.c.pandaid)),
            job.jeditaskid == given.jeditaskid,
            job.gshare.is_distinct_from(given.gshare),
        )
        .values(gshare=given.gshare)
    )
