"""Tasks that are tried again: retry, incexec, more attempts, all files again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.sql import validation
from pandadb.core.tasks import attempts, descendants, retries
from pandadb.core.tasks.files import reactivations
from pandadb.core.tasks.row_locks import lock_tasks
from pandadb.core.tasks.search.pages import TaskNotFound
from pandadb.errors import PandaDBError
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.core.tasks.files.reactivations import MoreAttempts
    from pandadb.core.tasks.retries import TaskRetryResult
    from pandadb.database import Database

MOST_ATTEMPTS = 100
"""Attempts that can be added at once; the columns are of type smallint."""
INCREASABLE = ("running", "scouting", "ready")
"""States, now or before, of tasks that can have more attempts for their files."""


class TaskRefused(PandaDBError):
    """The state of the only task of a call does not allow it; nothing was changed."""


def retry(
    database: Database,
    tasks: int | Iterable[int],
    command: str = "retry",
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    discard_events: bool = False,
    release_unstaged: bool = False,
    keep_share_priority: bool = False,
    ignore_limits: bool = False,
    child_tasks: bool = True,
) -> TaskRetryResult:
    """Give the files of tasks new attempts, as the commands retry and incexec do (semantics 3.6).

    The tasks have the state that `commands` gives them, with the earlier one in `oldstatus`.

    Raises:
        TaskNotFound: It was one task, and there is none of that number.
        TaskRefused: It was one task, and it has no earlier state to go on from.
        InvalidValue: The command is neither retry nor incexec, or a task is no number.
        InvalidSetting: A limit in CONFIG is no number.
        TasksLocked: A task was locked for longer than the lock timeout.
    """
    ids = validation.ids(tasks)
    with transaction(database, options) as connection:
        result = retries.retry(
            connection,
            ids,
            command,
            host=options.host,
            discard_events=discard_events,
            release_unstaged=release_unstaged,
            keep_share_priority=keep_share_priority,
            ignore_limits=ignore_limits,
            child_tasks=child_tasks,
        )
        if isinstance(tasks, int) and tasks not in result.tasks:
            known = lock_tasks(connection, ids, options.lock)
            raise (TaskRefused if known else TaskNotFound)(result.refused[tasks])
    return result


def increase_attempts(
    database: Database, task: int, by: int, options: VerbOptions = DEFAULT_OPTIONS
) -> MoreAttempts:
    """Allow the ready input files of a task `by` more attempts and failures.

    Files without attempts left are tried again.

    Raises:
        TaskNotFound: There is no such task.
        TaskRefused: The task is not running, scouting or ready, and was not before.
        InvalidValue: `by` is no number from 1 to 100.
        TasksLocked: The task was locked for longer than the lock timeout.
    """
    validation.check_number("by", by, 1, MOST_ATTEMPTS)
    (jeditaskid,) = validation.ids(task)
    with transaction(database, options) as connection:
        row = descendants.lock(connection, [jeditaskid], with_children=False).get(jeditaskid)
        if row is None:
            raise TaskNotFound(f"There is no task {jeditaskid}")
        if not {row.status, row.oldstatus} & {*INCREASABLE}:
            before = f", and was {row.oldstatus} before" if row.oldstatus else ""
            raise TaskRefused(
                f"Task {jeditaskid} is {row.status}{before}: its files get more attempts while it"
                f" is {', '.join(INCREASABLE)}"
            )
        return reactivations.increase_attempts(connection, [jeditaskid], by)[jeditaskid]


def reactivate(
    database: Database,
    tasks: int | Iterable[int],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    keep_attempts: bool = False,
) -> dict[int, int]:
    """Make all input files of tasks ready, and the tasks; return the numbers of their files.

    Files have all their attempts again, unless they `keep_attempts`. Tasks that do not exist are
    left out.

    Raises:
        InvalidValue: A task is no number.
        TasksLocked: A task was locked for longer than the lock timeout.
    """
    with transaction(database, options) as connection:
        found = [*lock_tasks(connection, validation.ids(tasks), options.lock)]
        return reactivations.reactivate(connection, found, keep_attempts=keep_attempts)


def start_attempts(
    database: Database, tasks: int | Iterable[int], options: VerbOptions = DEFAULT_OPTIONS
) -> Sequence[int]:
    """Begin a new attempt of tasks in TASK_ATTEMPTS; return those that exist (semantics 3.4).

    Raises:
        InvalidValue: A task is no number.
        TasksLocked: A task was locked for longer than the lock timeout.
    """
    with transaction(database, options) as connection:
        found = [*lock_tasks(connection, validation.ids(tasks), options.lock)]
        attempts.start(connection, found)
    return found


def end_attempts(
    database: Database, tasks: int | Iterable[int], options: VerbOptions = DEFAULT_OPTIONS
) -> Sequence[int]:
    """End the open attempts of tasks in TASK_ATTEMPTS; return the tasks that exist.

    Raises:
        InvalidValue: A task is no number.
        TasksLocked: A task was locked for longer than the lock timeout.
    """
    with transaction(database, options) as connection:
        found = [*lock_tasks(connection, validation.ids(tasks), options.lock)]
        attempts.end(connection, found)
    return found
