"""Progress of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.sql import validation
from pandadb.core.tasks.search import progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.tasks.search.progress import TaskProgress
    from pandadb.database import Database


def task_progress(database: Database, tasks: int | Iterable[int]) -> dict[int, TaskProgress]:
    """Return the input files and the jobs of tasks by state.

    Raises:
        InvalidValue: A task is no number.
    """
    ids = validation.ids(tasks)
    with database.transaction() as connection:
        return progress.read(connection, ids)
