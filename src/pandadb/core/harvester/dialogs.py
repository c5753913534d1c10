"""Messages from the logs of instances, and metrics of their hosts; semantics 9.

HARVESTER_DIALOGS has one row for each instance and number of a message, HARVESTER_METRICS grows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func

from pandadb.core.harvester.credentials import mask_text
from pandadb.core.harvester.worker_locks import take_turns
from pandadb.core.harvester.worker_reports import read_time
from pandadb.core.sql.copy import copy_rows
from pandadb.core.sql.id_arrays import array, written
from pandadb.core.sql.validation import InvalidValue, check_columns, shown
from pandadb.models import HarvesterDialogs, HarvesterMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.sql.transaction import Transaction

DIALOG = HarvesterDialogs.__table__.c
DIALOG_COLUMNS = (
    "diagid", "modulename", "identifier", "creationtime", "messagelevel", "diagmessage",
)  # fmt: skip
METRIC_COLUMNS = ("creation_time", "harvester_host", "metrics")
Row = dict[str, Any]


def add_dialogs(session: Transaction, harvester: str, given: Iterable[Any]) -> dict[int, str]:
    """Write messages of an instance, in place of those with the same numbers.

    Return the reasons of those that are refused, by position.

    Raises:
        InvalidValue: The name of the instance does not fit.
    """
    check_columns(HarvesterDialogs, {"harvester_id": harvester})
    rows, refused = _read(given, _read_dialog)
    last = {row["diagid"]: row for row in rows}
    if last:
        take_turns(session, f"dialogs of {harvester}")
        gone = delete(HarvesterDialogs.__table__).where(
            DIALOG.harvester_id == harvester, DIALOG.diagid == func.any(array("ids"))
        )
        session.execute(gone, {"ids": written(last)})
        names = ("harvester_id", *DIALOG_COLUMNS)
        values = ([harvester, *(row[n] for n in DIALOG_COLUMNS)] for row in last.values())
        copy_rows(session, HarvesterDialogs, names, values)
    return refused


def add_metrics(session: Transaction, harvester: str, given: Iterable[Any]) -> dict[int, str]:
    """Append metrics of hosts of an instance, each a time, a host and JSON (text or decoded).

    Return the reasons of those that are refused, by position.

    Raises:
        InvalidValue: The name of the instance does not fit.
    """
    check_columns(HarvesterMetrics, {"harvester_id": harvester})
    rows, refused = _read(given, _read_metrics)
    if rows:
        names = ("harvester_id", *METRIC_COLUMNS)
        values = ([harvester, *(row[n] for n in METRIC_COLUMNS)] for row in rows)
        copy_rows(session, HarvesterMetrics, names, values)
    return refused


def _read(given: Iterable[Any], read: Callable[[Any], Row]) -> tuple[list[Row], dict[int, str]]:
    rows, refused = [], {}
    for place, one in enumerate(given):
        try:
            rows.append(read(one))
        except InvalidValue as error:
            refused[place] = mask_text(str(error))
    return rows, refused


def _read_dialog(given: Any) -> Row:
    if not isinstance(given, Mapping):
        raise InvalidValue(f"a message has to be an object, not {shown(given)}")
    found = {str(name).lower(): value for name, value in given.items()}
    if missing := [name for name in DIALOG_COLUMNS if name not in found]:
        raise InvalidValue(f"{missing[0]} is missing")
    row = {name: found[name] for name in DIALOG_COLUMNS}
    row["creationtime"] = read_time("creationtime", row["creationtime"])
    check_columns(HarvesterDialogs, row)
    return row


def _read_metrics(given: Any) -> Row:
    if not isinstance(given, list | tuple) or len(given) != len(METRIC_COLUMNS):
        raise InvalidValue(f"metrics have to be a time, a host and JSON, not {shown(given)}")
    row = dict(zip(METRIC_COLUMNS, given, strict=True))
    row["creation_time"] = read_time("creation_time", row["creation_time"])
    if not isinstance(row["metrics"], str | None):
        try:
            row["metrics"] = json.dumps(row["metrics"])
        except (TypeError, ValueError, RecursionError):
            raise InvalidValue(f"metrics cannot be JSON: {shown(row['metrics'])}") from None
    check_columns(HarvesterMetrics, row)
    return row
