"""Locks of tasks: their rows, in the order of their ids."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.sql.id_arrays import is_given, written
from pandadb.core.sql.transaction import Lock, refusing_locked
from pandadb.errors import PandaDBError
from pandadb.models import JediTasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction


class TasksLocked(PandaDBError):
    """Other transactions have locked tasks for longer than the lock timeout."""


refusing_to_wait = partial(refusing_locked, TasksLocked, "task")
"""Turn PostgreSQL's refusal to wait for the lock of a task into TasksLocked."""


def lock_tasks(
    session: Transaction, tasks: Sequence[int], lock: Lock, *columns: str
) -> dict[int, Row[Any]]:
    """Lock tasks in the order of their ids; return columns of those that exist, by id.

    With SKIP those that other transactions have locked are left out.

    Raises:
        TasksLocked: With NOWAIT, or after the lock timeout: a task is locked.
    """
    task = JediTasks.__table__.c
    statement = (
        select(task.jeditaskid, *(task[name] for name in columns))
        .where(is_given(task.jeditaskid))
        .order_by(task.jeditaskid)
        .with_for_update(skip_locked=lock is Lock.SKIP, nowait=lock is Lock.NOWAIT)
    )
    with refusing_to_wait():
        rows = session.execute(statement, {"pandaids": written(tasks)}).all()
    return {row.jeditaskid: row for row in rows}
