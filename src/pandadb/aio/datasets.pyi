# Written from the functions of `pandadb.services.datasets` by `pandadb docs stubs`.

from collections.abc import Iterable

from pandadb.aio.base.database import AsyncDatabase
from pandadb.services.datasets import (
    Catalogue,
    CatalogueError,
    CatalogueFile,
    DatasetFeed,
    FeedReport,
    JsonCatalogue,
    Listing,
    Miscount,
    TaskFeed,
    TaskFileLoss,
    read_catalogue,
)
from pandadb.services.transaction import VerbOptions

__all__ = [
    "Catalogue",
    "CatalogueError",
    "CatalogueFile",
    "DatasetFeed",
    "FeedReport",
    "JsonCatalogue",
    "Listing",
    "Miscount",
    "TaskFeed",
    "TaskFileLoss",
    "feed",
    "feed_new",
    "lose",
    "read_catalogue",
    "recount",
]

async def feed(
    database: AsyncDatabase,
    tasks: int | Iterable[int],
    catalogue: Catalogue,
    *,
    vo: str | None = None,
    label: str | None = None,
    options: VerbOptions = ...,
) -> FeedReport:
    """Feed tasks of a VO and label with the files that a catalogue has of their input datasets.

    The catalogue is asked before the transaction that writes, so no lock is held meanwhile. Each
    task has its own transaction: a task that is locked, or has nothing to be fed, is refused.

    Raises:
        InvalidValue: A task is no number, or the parameters of the only task are not usable.
        TasksLocked: The only task was locked for longer than the lock timeout.
    """

async def feed_new(
    database: AsyncDatabase,
    task: int,
    catalogue: Catalogue | None = None,
    *,
    options: VerbOptions = ...,
) -> TaskFeed | None:
    """Feed a task that was just refined; return None if nothing is due.

    Without a catalogue only a task without input datasets is fed: its files are made up.

    Raises:
        InvalidValue: The parameters of the task are not usable.
    """

async def lose(
    database: AsyncDatabase,
    dataset: str,
    lfns: str | Iterable[str],
    *,
    by: str,
    production: bool = False,
    recover_parent: bool = False,
    options: VerbOptions = ...,
) -> TaskFileLoss:
    """Note that files of an output dataset are lost, so that the jobs that made them run again.

    `by` is the user; without the role `production` it has to be the task's owner. With
    `recover_parent` the files that these jobs read are lost as well: the answer lists them by
    dataset, for the parent task to make them again.

    Raises:
        InvalidValue: A name is no text.
    """

async def recount(
    database: AsyncDatabase,
    tasks: int | Iterable[int] | None = None,
    *,
    options: VerbOptions = ...,
) -> list[Miscount]:
    """Return the wrong counters of the datasets of tasks, or of all, and repair them.

    Of all tasks only datasets with files are counted: those of old tasks may be gone. A dry run
    lists them only; only tasks with wrong counters are locked. The definitions of the counters
    (semantics 4.1) are data: `core.datasets.counters`.

    Raises:
        InvalidValue: A task is no number.
    """
