"""Lost files of a task's output: the right to lose them, the state of the task (semantics 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.datasets import lost_files
from pandadb.core.datasets.lost_files import FileLoss
from pandadb.core.sql.transaction import Lock
from pandadb.core.tasks.changes.status_changes import set_status
from pandadb.core.tasks.row_locks import lock_tasks, refusing_to_wait

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.sql.transaction import Transaction


@dataclass(frozen=True)
class TaskFileLoss:
    """Lost files of a task; or why none is lost."""

    task: int | None = None
    loss: FileLoss = FileLoss()  # noqa: RUF009 - it is frozen
    reason: str | None = None


def lose(
    session: Transaction,
    dataset: str,
    lfns: Iterable[str],
    *,
    user: str,
    production: bool,
    recover_parent: bool,
    host: str,
    lock: Lock = Lock.WAIT,
) -> TaskFileLoss:
    """Lose files of an output dataset; a task that is done is finished then.

    Without the production role only the owner of the task may do so.

    Raises:
        TasksLocked: With NOWAIT, or after the lock timeout: the task is locked.
    """
    found = lost_files.find(session, dataset)
    if found is None:
        return TaskFileLoss(reason=f"No task has an output or log dataset {dataset!r}")
    if not production and found.username != user:
        reason = f"Task {found.jeditaskid} belongs to {found.username}, not to {user}"
        return TaskFileLoss(found.jeditaskid, reason=reason)
    if not lock_tasks(session, [found.jeditaskid], lock):
        return TaskFileLoss(found.jeditaskid, reason=f"Task {found.jeditaskid} is locked")
    with refusing_to_wait():
        lost_files.lock_datasets(session, found.jeditaskid, lock)
    loss = lost_files.lose(session, found, lfns, recover_parent=recover_parent)
    set_status(session, [found.jeditaskid], "finished", host=host, was=("done",))
    return TaskFileLoss(found.jeditaskid, loss)
