# Written from the functions of `pandadb.services.harvester` by `pandadb docs stubs`.

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pandadb.aio.base.database import AsyncDatabase
from pandadb.core.partitions.policies import Policy
from pandadb.services.harvester import (
    Cleaned,
    HarvesterCommand,
    InstancePage,
    InstanceState,
    PilotState,
    Slots,
    Synchronised,
    TakenCommand,
    UnknownInstance,
    VerbOptions,
    WorkerFilter,
    WorkerPage,
    WorkerUpdates,
)

__all__ = [
    "Cleaned",
    "HarvesterCommand",
    "InstancePage",
    "InstanceState",
    "PilotState",
    "Slots",
    "Synchronised",
    "TakenCommand",
    "UnknownInstance",
    "VerbOptions",
    "WorkerFilter",
    "WorkerPage",
    "WorkerUpdates",
    "acknowledge",
    "add_dialogs",
    "add_metrics",
    "clean",
    "count_workers",
    "find_commands",
    "find_workers",
    "hear",
    "note_pilots",
    "page",
    "register",
    "release_lock",
    "report_counts",
    "send_commands",
    "set_slots",
    "status",
    "synchronise",
    "take_commands",
    "take_locks",
    "update_workers",
    "worker_counts_of",
]

async def acknowledge(
    database: AsyncDatabase,
    command_ids: int | Iterable[int],
    *,
    harvester: str | None = None,
    options: VerbOptions = ...,
) -> list[int]:
    """Note that commands were carried out; return those that are known.

    With `harvester` only commands of that instance are known.

    Raises:
        InvalidValue: A number is none.
    """

async def add_dialogs(
    database: AsyncDatabase,
    harvester: str,
    messages: Sequence[Mapping[str, Any]],
    *,
    options: VerbOptions = ...,
) -> dict[int, str]:
    """Write messages from the log of an instance, in place of those with the same numbers.

    A message has `diagID`, `moduleName`, `identifier`, `creationTime`, `messageLevel` and
    `diagMessage`. Return the reasons of those that are refused, by position; the others are
    written.

    Raises:
        InvalidValue: The name of the instance does not fit.
    """

async def add_metrics(
    database: AsyncDatabase,
    harvester: str,
    metrics: Sequence[Sequence[Any]],
    *,
    options: VerbOptions = ...,
) -> dict[int, str]:
    """Append metrics of hosts of an instance: each a time, a host, and JSON as text or decoded.

    Return the reasons of those that are refused, by position; the others are written.

    Raises:
        InvalidValue: The name of the instance does not fit.
    """

async def clean(
    database: AsyncDatabase,
    policies: Mapping[str, Policy] = ...,
    *,
    report: Callable[[str, int], None] = ...,
    options: VerbOptions = ...,
) -> Cleaned:
    """Drop partitions of Harvester's tables past their retention, then delete older rows elsewhere.

    A dry run returns the rows that would go. `report` is called with a table and the rows of each
    batch.
    """

async def count_workers(
    database: AsyncDatabase,
    harvester: str,
    *,
    options: VerbOptions = ...,
) -> int:
    """Count the workers of an instance that have not ended, in place of its reported numbers.

    Return the number of rows of HARVESTER_WORKER_STATS.

    Raises:
        InvalidValue: The name of the instance does not fit.
    """

async def find_commands(
    database: AsyncDatabase,
    harvester: str | None = None,
    *,
    status: str | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Return commands to an instance, or to all, the newest first.

    Raises:
        InvalidValue: A value does not fit, or `limit` is not from 1 to 100,000.
    """

async def find_workers(
    database: AsyncDatabase,
    harvester: str,
    chosen: WorkerFilter = ...,
    *,
    limit: int = 100,
    before: int | None = None,
) -> WorkerPage:
    """Return a page of an instance's workers with their jobs, the largest numbers first.

    The next page comes with `before=page.next`.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or `before` is no number.
    """

async def hear(
    database: AsyncDatabase,
    harvester: str,
    user: str,
    host: str,
    data: Mapping[str, Any] | None = None,
    *,
    options: VerbOptions = ...,
) -> bool:
    """Note a heartbeat of an instance; return whether it is new, and registered by that.

    `user` is the distinguished name, or the name, of the sender; `data` may have `startTime`,
    `sw_version`, `commit_stamp`, `description`, and `commands`: each adds a lock that paces the
    command at a queue. The data of the first heartbeat are not kept.

    Raises:
        InvalidValue: A key is none of these, or a value does not fit; nothing was changed.
    """

async def note_pilots(
    database: AsyncDatabase,
    harvester: str,
    states: Iterable[PilotState],
    *,
    options: VerbOptions = ...,
) -> list[int]:
    """Note the states of workers of an instance as their pilots report them.

    Return the workers that are known; reports on others are ignored.

    Raises:
        InvalidValue: A value does not fit its column; nothing was changed.
    """

async def page(
    database: AsyncDatabase,
    harvester: str,
    chosen: WorkerFilter = ...,
    *,
    hours: int = 24,
    limit: int = 100,
    before: int | None = None,
) -> InstancePage:
    """Return a Harvester with its workers, for a monitor: three statements.

    Raises:
        UnknownInstance: The instance is not registered, and has no workers.
        InvalidValue: A value does not fit.
    """

async def register(
    database: AsyncDatabase,
    harvesters: str | Iterable[str],
    description: str | None = None,
    *,
    options: VerbOptions = ...,
) -> list[str]:
    """Register Harvester instances that are not yet; return these. Idempotent.

    Raises:
        InvalidValue: A name or the description does not fit.
    """

async def release_lock(
    database: AsyncDatabase,
    harvester: str,
    command: str,
    *,
    queue: str,
    kind: str,
    by: str,
    options: VerbOptions = ...,
) -> bool:
    """Release a lock of a command at a queue and resource type; return whether `by` held it.

    Raises:
        InvalidValue: A value does not fit.
    """

async def report_counts(
    database: AsyncDatabase,
    harvester: str,
    counts: Mapping[str, Any],
    *,
    options: VerbOptions = ...,
) -> dict[str, str]:
    """Replace the numbers of workers of queues, each by job type, resource type and state.

    Return the reasons of queues that are refused: an invalid report; or, unless `options.lock` is
    WAIT, numbers that another transaction writes.

    Raises:
        InvalidValue: The name of the instance does not fit.
    """

async def send_commands(
    database: AsyncDatabase,
    commands: HarvesterCommand | Sequence[HarvesterCommand],
    *,
    registered: bool = False,
    options: VerbOptions = ...,
) -> list[int | None]:
    """Send commands to instances; return the number of each, None if an earlier one keeps it off.

    A command replaces the earlier one of the same name to its instance. With `registered` all
    instances have to be registered.

    Raises:
        InvalidValue: A command cannot be written; nothing was changed.
        UnknownInstance: With `registered`, an instance is not.
    """

async def set_slots(
    database: AsyncDatabase,
    wanted: Slots,
    *,
    options: VerbOptions = ...,
) -> bool:
    """Set how many slots of a queue Harvester should fill; return whether there was an entry.

    Raises:
        InvalidValue: A value does not fit; nothing was changed.
    """

async def status(
    database: AsyncDatabase,
    harvester: str | None = None,
    *,
    hours: int = 24,
) -> list[InstanceState]:
    """Return instances, or one, with the numbers of workers that changed in the last hours.

    Raises:
        UnknownInstance: The instance is not registered, and has no workers.
        InvalidValue: `hours` is no whole number, or the name does not fit.
    """

async def synchronise(
    database: AsyncDatabase,
    *,
    options: VerbOptions = ...,
) -> list[Synchronised]:
    """Command Harvester to catch up with workers whose pilots have reported more than it has.

    These started or ended an hour ago or longer by their pilots. A worker is found again after half
    an hour. Each instance gets one command with all its workers: a second one would replace it.
    """

async def take_commands(
    database: AsyncDatabase,
    harvester: str,
    most: int,
    *,
    options: VerbOptions = ...,
) -> list[TakenCommand]:
    """Take the oldest new commands of an instance, `most` of them; each goes to one caller only.

    Raises:
        InvalidValue: The name does not fit, or `most` is no whole number or negative.
    """

async def take_locks(
    database: AsyncDatabase,
    harvester: str,
    command: str,
    by: str,
    *,
    lock_minutes: int,
    interval_minutes: int,
    options: VerbOptions = ...,
) -> dict[str, list[str]]:
    """Take the free locks of a command to an instance; return the resource types by queue.

    A lock is free if it was taken `interval_minutes` ago or earlier, and held if not released for
    `lock_minutes`. Each goes to one caller only.

    Raises:
        InvalidValue: A value does not fit.
    """

async def update_workers(
    database: AsyncDatabase,
    harvester: str,
    reports: Iterable[Mapping[str, Any]],
    *,
    options: VerbOptions = ...,
) -> WorkerUpdates:
    """Write Harvester's reports on workers, one or ten thousand, in one statement.

    A report is a dict with Harvester's names: `workerID`, `status`, `nCore` … and `pandaid_list`,
    `syncLevel`, `lastUpdate`. One that cannot be written is refused with its reason, the others are
    written. A report that is older than the newest one on its worker, in the worker's own time
    `lastUpdate`, changes nothing; without that time a report is of now.

    Raises:
        InvalidValue: The name of the instance does not fit.
    """

async def worker_counts_of(
    database: AsyncDatabase,
) -> dict[str, dict[str, dict[str, dict[str, dict[str, int]]]]]:
    """Return the numbers of workers that were reported in the last four hours.

    By queue, instance, job type, resource type and state.
    """
