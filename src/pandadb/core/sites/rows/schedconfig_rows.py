"""Rows of SCHEDCONFIG, a column for each setting of a queue, from the dump of queues.

No PanDA server of today writes that table; readers that are older than SCHEDCONFIG_JSON have it.
A field goes to the column of its name. Values that do not fit are left out: an object, a text that
is too long, a number out of range; SCHEDCONFIG_JSON has them.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Integer, Numeric

from pandadb.core.sites.dumps.dump_kinds import DumpKind
from pandadb.core.sites.dumps.shapes import FACTS, validated
from pandadb.core.sites.loaded_tables import SCHEDCONFIG, TableLoad
from pandadb.core.sql.validation import mistake_of
from pandadb.models import SchedConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.core.sites.dumps.dump_kinds import Dumps
    from pandadb.core.sites.loaded_tables import Key, Row

SOURCES = {"site": "atlas_site", "siteid": "panda_resource", "comment_": "comment"}
"""Columns with a field of another name in CRIC; a field of the column's own name comes first."""
NEVER = datetime(1970, 1, 1)
TOO_LARGE = 2**63
PLAIN = (str, int, float, bool)
NAME = SCHEDCONFIG.columns.index("name")


def _unset(name: str) -> Any:
    """Return the value of a column without a field: NULL, or nothing where NULL is not allowed."""
    column = SCHEDCONFIG.column(name)
    if column.nullable:
        return None
    match column.type:
        case DateTime():
            return NEVER
        case Numeric() | Integer():
            return 0
        case _:
            return ""


UNSET = [_unset(name) for name in SCHEDCONFIG.columns]


def schedconfig_load(dumps: Dumps) -> TableLoad:
    """Return the wanted rows of SCHEDCONFIG: a row for each queue of the dump.

    Raises:
        InvalidValue: The dump has another shape.
    """
    queues = dumps.get(DumpKind.PANDA_QUEUES, {})
    validated(DumpKind.PANDA_QUEUES, FACTS, queues)
    rows: dict[Key, Row] = {(name,): _row(name, queue) for name, queue in queues.items()}
    return TableLoad(
        SCHEDCONFIG, rows, lambda _key, _stamp: False, rows.keys(), written_at="lastmod"
    )


def _row(name: str, queue: dict[str, Any]) -> Row:
    row = [*UNSET]
    fields = {column: queue[source] for column, source in SOURCES.items() if queue.get(source)}
    for field, given in (fields | queue).items():
        if given is not None and field in READERS:
            place, _ = READERS[field]
            is_plain = given.__class__ in PLAIN
            value = (_cached if is_plain else _value)(field, given)
            row[place] = row[place] if value is None else value
    row[NAME] = row[NAME] or "default"
    row[0] = name
    return tuple(row)


def _value(field: str, given: Any) -> Any:
    """Return the value of a column that a field stands for; None if it has none."""
    _, read = READERS[field]
    value = read(given)
    return None if value is None or mistake_of(SchedConfig, field, value) else value


_cached = lru_cache(10_000, typed=True)(_value)
"""Queues have much in common."""


def _number(given: Any) -> Decimal | None:
    try:
        number = Decimal(str(given)) if isinstance(given, int | float | str) else None
    except InvalidOperation:
        return None
    if number is None or isinstance(given, bool) or not number.is_finite():
        return None
    return number if number.copy_abs() < TOO_LARGE else None


def _whole(given: Any) -> int | None:
    if given.__class__ is int:
        return given
    number = _number(given)
    return None if number is None or number != number.to_integral_value() else int(number)


def _time(given: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        return None


def _text(given: Any) -> str | None:
    match given:
        case str():
            return given
        case bool() | int() | float():
            return str(given)
        case list() if all(isinstance(one, str | int | float) for one in given):
            return ",".join(map(str, given))
        case _:
            return None


def _reader(name: str) -> Callable[[Any], Any]:
    """Return the function that reads a field as a value of its column; None if it has none."""
    match SCHEDCONFIG.column(name).type:
        case Integer():
            return _whole
        case Numeric():
            return _number
        case DateTime():
            return _time
        case _:
            return _text


READERS = {name: (place, _reader(name)) for place, name in enumerate(SCHEDCONFIG.columns)}
