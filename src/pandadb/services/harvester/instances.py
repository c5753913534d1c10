"""Harvester instances: register, heartbeats, messages, metrics and slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.harvester import dialogs, instances, slots
from pandadb.core.sql.validation import check_columns, check_text
from pandadb.core.tasks.user_names import short_name
from pandadb.models import HarvesterInstances
from pandadb.services.harvester.masked import masked
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandadb.core.harvester.slots import Slots
    from pandadb.database import Database


def register(
    database: Database,
    harvesters: str | Iterable[str],
    description: str | None = None,
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[str]:
    """Register Harvester instances that are not yet; return these. Idempotent.

    Raises:
        InvalidValue: A name or the description does not fit.
    """
    names = [harvesters] if isinstance(harvesters, str) else [*harvesters]
    for name in names:
        instances.check_instance(name)
    check_columns(HarvesterInstances, {"description": description})
    with transaction(database, options) as connection:
        return instances.register(connection, names, description)


def hear(
    database: Database,
    harvester: str,
    user: str,
    host: str,
    data: Mapping[str, Any] | None = None,
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> bool:
    """Note a heartbeat of an instance; return whether it is new, and registered by that.

    `user` is the distinguished name, or the name, of the sender; `data` may have `startTime`,
    `sw_version`, `commit_stamp`, `description`, and `commands`: each adds a lock that paces the
    command at a queue. The data of the first heartbeat are not kept.

    Raises:
        InvalidValue: A key is none of these, or a value does not fit; nothing was changed.
    """
    check_text("user", user)
    with transaction(database, options) as connection:
        return instances.hear(connection, harvester, short_name(user), host, data or {})


def add_dialogs(
    database: Database,
    harvester: str,
    messages: Sequence[Mapping[str, Any]],
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> dict[int, str]:
    """Write messages from the log of an instance, in place of those with the same numbers.

    A message has `diagID`, `moduleName`, `identifier`, `creationTime`, `messageLevel` and
    `diagMessage`. Return the reasons of those that are refused, by position; the others are
    written.

    Raises:
        InvalidValue: The name of the instance does not fit.
    """
    with masked(database, options) as connection:
        return dialogs.add_dialogs(connection, harvester, messages)


def add_metrics(
    database: Database,
    harvester: str,
    metrics: Sequence[Sequence[Any]],
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> dict[int, str]:
    """Append metrics of hosts of an instance: each a time, a host, and JSON as text or decoded.

    Return the reasons of those that are refused, by position; the others are written.

    Raises:
        InvalidValue: The name of the instance does not fit.
    """
    with masked(database, options) as connection:
        return dialogs.add_metrics(connection, harvester, metrics)


def set_slots(database: Database, wanted: Slots, *, options: VerbOptions = DEFAULT_OPTIONS) -> bool:
    """Set how many slots of a queue Harvester should fill; return whether there was an entry.

    Raises:
        InvalidValue: A value does not fit; nothing was changed.
    """
    with transaction(database, options) as connection:
        return slots.put(connection, wanted)
