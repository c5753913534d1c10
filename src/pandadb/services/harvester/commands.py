"""Commands to Harvester instances, and the locks that pace them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pandadb.core.harvester.commands import command_locks, command_queue
from pandadb.core.harvester.commands.command_queue import HarvesterCommand
from pandadb.core.harvester.instances import check_instance, check_known
from pandadb.core.sql.validation import check_columns, check_number, ids
from pandadb.models import HarvesterCommandLock
from pandadb.services.harvester.masked import masked
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.core.harvester.commands.command_queue import TakenCommand
    from pandadb.database import Database

LONGEST = 100 * 366 * 24 * 60
"""Minutes, at most."""


def send_commands(
    database: Database,
    commands: HarvesterCommand | Sequence[HarvesterCommand],
    *,
    registered: bool = False,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[int | None]:
    """Send commands to instances; return the number of each, None if an earlier one keeps it off.

    A command replaces the earlier one of the same name to its instance. With `registered` all
    instances have to be registered.

    Raises:
        InvalidValue: A command cannot be written; nothing was changed.
        UnknownInstance: With `registered`, an instance is not.
    """
    several = [commands] if isinstance(commands, HarvesterCommand) else [*commands]
    for one in several:
        one.check()
    with masked(database, options) as connection:
        if registered:
            check_known(connection, (one.harvester for one in several))
        return command_queue.send(connection, several)


def take_commands(
    database: Database, harvester: str, most: int, *, options: VerbOptions = DEFAULT_OPTIONS
) -> list[TakenCommand]:
    """Take the oldest new commands of an instance, `most` of them; each goes to one caller only.

    Raises:
        InvalidValue: The name does not fit, or `most` is no whole number or negative.
    """
    check_instance(harvester)
    with transaction(database, options) as connection:
        return command_queue.take(connection, harvester, most)


def acknowledge(
    database: Database,
    command_ids: int | Iterable[int],
    *,
    harvester: str | None = None,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[int]:
    """Note that commands were carried out; return those that are known.

    With `harvester` only commands of that instance are known.

    Raises:
        InvalidValue: A number is none.
    """
    numbers = ids(command_ids, "command_id")
    with transaction(database, options) as connection:
        return command_queue.acknowledge(connection, numbers, harvester)


def take_locks(
    database: Database,
    harvester: str,
    command: str,
    by: str,
    *,
    lock_minutes: int,
    interval_minutes: int,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> dict[str, list[str]]:
    """Take the free locks of a command to an instance; return the resource types by queue.

    A lock is free if it was taken `interval_minutes` ago or earlier, and held if not released for
    `lock_minutes`. Each goes to one caller only.

    Raises:
        InvalidValue: A value does not fit.
    """
    _check_lock(harvester, command=command, lockedby=by)
    for name, value in (("lock_minutes", lock_minutes), ("interval_minutes", interval_minutes)):
        check_number(name, value, 0, LONGEST)
    with transaction(database, options) as connection:
        return command_locks.take(
            connection,
            harvester,
            command,
            by,
            lock=timedelta(minutes=lock_minutes),
            interval=timedelta(minutes=interval_minutes),
        )


def release_lock(
    database: Database,
    harvester: str,
    command: str,
    *,
    queue: str,
    kind: str,
    by: str,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> bool:
    """Release a lock of a command at a queue and resource type; return whether `by` held it.

    Raises:
        InvalidValue: A value does not fit.
    """
    _check_lock(harvester, command=command, computingsite=queue, resourcetype=kind, lockedby=by)
    with transaction(database, options) as connection:
        return command_locks.release(connection, harvester, command, queue=queue, kind=kind, by=by)


def _check_lock(harvester: str, **values: str) -> None:
    check_columns(HarvesterCommandLock, {"harvester_id": harvester, **values})
