"""PanDA queues for the jobs of tasks, where no brokerage has chosen any."""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING

from pandadb.core.generation.picking import queue_configurations
from pandadb.core.generation.slices import Queue
from pandadb.core.sql.column_values import is_plain
from pandadb.core.sql.validation import InvalidValue, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.database import Database


def find_queues(database: Database, named: Iterable[str] | None = None) -> list[Queue]:
    """Return queues by name, each with `=WEIGHT` or without; by default all that are online.

    Raises:
        InvalidValue: A weight is no number from 0 on, or no queue is online.
    """
    if named is not None:
        return [_queue(text) for text in named]
    with database.transaction() as connection:
        online = queue_configurations.online(connection)
    if not online:
        raise InvalidValue("SCHEDCONFIG_JSON has no queue that is online: name one with --queue")
    return [Queue(name) for name in online]


def _queue(text: str) -> Queue:
    name, equals, weight = text.rpartition("=")
    if not equals:
        return Queue(text)
    try:
        number = float(weight) if is_plain(weight) else nan
    except ValueError:
        number = nan
    if not (name and 0 <= number < inf):
        raise InvalidValue(f"{shown(text)} is no QUEUE=WEIGHT, with a weight from 0 on")
    return Queue(name, number)
