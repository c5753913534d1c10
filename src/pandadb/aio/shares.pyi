# Written from the functions of `pandadb.services.shares` by `pandadb docs stubs`.

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from pandadb.aio.base.database import AsyncDatabase
from pandadb.services.shares import (
    InvalidShares,
    JobMatch,
    Power,
    QueueUsage,
    Share,
    ShareChanges,
    ShareDiff,
    SharePage,
    ShareTree,
    TaskMatch,
    TreeReport,
    Trial,
    UnknownShare,
    VerbOptions,
    parse_values,
)

__all__ = [
    "InvalidShares",
    "JobMatch",
    "Power",
    "QueueUsage",
    "Share",
    "ShareChanges",
    "ShareDiff",
    "SharePage",
    "ShareTree",
    "TaskMatch",
    "TreeReport",
    "Trial",
    "UnknownShare",
    "VerbOptions",
    "change",
    "load",
    "match_job",
    "match_jobs",
    "match_task",
    "page",
    "parse_values",
    "rank",
    "reassign",
    "reassign_jobs_by_rules",
    "reassign_tasks_by_rules",
    "tree",
]

async def change(
    database: AsyncDatabase,
    name: str,
    values: Mapping[str, Any],
    options: VerbOptions = ...,
) -> ShareDiff:
    """Set columns of a share, such as its value; return the difference, with all new percents.

    Live tasks and jobs keep their shares: see `reassign_tasks_by_rules`.

    Raises:
        InvalidShares: There is no such share, or the shares would be no tree.
        InvalidValue: There is no such column, or its value does not fit.
    """

async def load(
    database: AsyncDatabase,
    text: str,
    options: VerbOptions = ...,
) -> ShareDiff:
    """Make the shares of a text, JSON or YAML, all that there are; return the difference.

    Of two loads at once the second one waits, and compares with the shares of the first.

    Raises:
        InvalidShares: The text cannot be read, or its shares are no tree; nothing was changed.
    """

async def match_job(
    database: AsyncDatabase,
    pandaid: int,
) -> JobMatch:
    """Explain the share of a job, live or archived, and that of its task. Nothing is changed.

    Raises:
        UnknownJob: No table has it.
        InvalidValue: No job can have the number.
    """

async def match_jobs(
    database: AsyncDatabase,
    pandaids: Iterable[int],
) -> dict[int, str]:
    """Return the share that each of these live jobs would get by its own columns.

    Jobs that are not live are left out. Nothing is changed.

    Raises:
        InvalidValue: A job is no number.
    """

async def match_task(
    database: AsyncDatabase,
    jeditaskid: int,
) -> TaskMatch:
    """Explain the share and the work queue of a task. Nothing is changed.

    Raises:
        TaskNotFound: There is no such task.
        InvalidValue: No task can have the number.
    """

async def page(
    database: AsyncDatabase,
    name: str,
) -> SharePage:
    """Return a share with its power and its PanDA queues, in three statements.

    Raises:
        UnknownShare: There is no such share.
    """

async def rank(
    database: AsyncDatabase,
) -> dict[str, Power]:
    """Return the leaves with their power in the order of dispatch; see `TreeReport.ranked`."""

async def reassign(
    database: AsyncDatabase,
    tasks: int | Iterable[int],
    share: str,
    options: VerbOptions = ...,
    *,
    running: bool = False,
) -> ShareChanges:
    """Give tasks and their queued jobs another share; with `running` also jobs that run or start.

    Tasks that an agent has locked keep theirs, and are reported. Idempotent.

    Raises:
        UnknownShare: There is no such share, or it is no leaf; nothing was changed.
        InvalidValue: A task is no number.
        TasksLocked, JobsLocked: A row was locked for longer than the lock timeout.
    """

async def reassign_jobs_by_rules(
    database: AsyncDatabase,
    options: VerbOptions = ...,
    *,
    running: bool = False,
) -> dict[str | None, dict[str, int]]:
    """Give live jobs without a task the share that they match now.

    Returns the number of jobs that have changed, by their former and their new share.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """

def reassign_tasks_by_rules(
    database: AsyncDatabase,
    tasks: Iterable[int] | None = None,
    options: VerbOptions = ...,
    *,
    running: bool = False,
) -> AsyncIterator[ShareChanges]:
    """Give tasks, or all that have not ended, the share that they would get now, with their jobs.

    Yields the changes of each transaction, of 100 tasks. Idempotent: a run that was interrupted can
    be repeated.

    Raises:
        InvalidValue: A task is no number.
        TasksLocked, JobsLocked: A row was locked for longer than the lock timeout.
    """

async def tree(
    database: AsyncDatabase,
) -> TreeReport:
    """Return all shares with target, running and queued HS06, by the statistics of jobs."""
