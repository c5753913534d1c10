"""Tasks looked up and listed, and their history. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.tasks.search import pages as search
from pandadb.core.tasks.search import task_files
from pandadb.core.tasks.search.pages import TaskFilter

if TYPE_CHECKING:
    from pandadb.core.tasks.search.pages import TaskHistory, TaskPage
    from pandadb.database import Database

ALL = TaskFilter()


def find(
    database: Database, chosen: TaskFilter = ALL, *, limit: int = 100, before: int | None = None
) -> TaskPage:
    """Return a page of the tasks that match, the newest first.

    The next page comes with `before=page.next`.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or `before` is no id.
    """
    with database.transaction() as connection:
        return search.find(connection, chosen, limit=limit, before=before)


def get(database: Database, task: int) -> dict[str, Any]:
    """Return a task: its columns, and its `datasets` with their counters.

    Raises:
        TaskNotFound: There is none.
        InvalidValue: No task can have the number.
    """
    with database.transaction() as connection:
        return search.get(connection, task)


def history(database: Database, task: int) -> TaskHistory:
    """Return the states of a task with the seconds in each, its attempts, and its last command.

    Raises:
        TaskNotFound: There is none.
        InvalidValue: No task can have the number.
    """
    with database.transaction() as connection:
        return search.history(connection, task)


def files(
    database: Database,
    task: int,
    datasetid: int,
    *,
    status: str | None = None,
    limit: int = 100,
    after: int | None = None,
) -> list[dict[str, Any]]:
    """Return files of a dataset of a task, by ascending id.

    The next page comes with `after`, the `fileid` of the last file.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or a number is no id.
    """
    with database.transaction() as connection:
        return task_files.find(connection, task, datasetid, status=status, limit=limit, after=after)
