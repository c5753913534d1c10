"""The changes of a load in a table: rows added, changed column by column, removed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, cast, select

from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import InvalidValue, mistake_in, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from pandadb.core.sites.loaded_tables import Key, LoadedTable, Row, TableLoad
    from pandadb.core.sql.transaction import Transaction


class ChangeKind(StrEnum):
    """The kinds of changes of a row."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True)
class RowChange:
    """A change of a row; of a changed row, `before` and `after` have the columns that differ."""

    kind: ChangeKind
    table: str
    key: Key
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass
class TableChanges:
    """The changes of a table."""

    load: TableLoad
    before: dict[Key, Row] = field(default_factory=dict)
    """Rows that are changed or removed, as they are."""
    written: dict[Key, Row] = field(default_factory=dict)
    """Rows that are added or changed, as they will be."""
    removed: list[Key] = field(default_factory=list)
    stale: list[Key] = field(default_factory=list)
    """Rows without a change that get the time of this load."""
    known: int = 0
    """Rows that the table has."""
    staying: int = 0
    """Known rows that the set of the dump has."""

    def __bool__(self) -> bool:
        return bool(self.written or self.removed or self.stale)

    def rows(self) -> Iterator[RowChange]:
        """Yield the changes row by row, in the order of the keys of each kind."""
        table, name = self.load.table, self.load.table.name
        for key in sorted(self.written, key=str):
            before, after = self.before.get(key), _named(table, self.written[key])
            if before is None:
                yield RowChange(ChangeKind.ADDED, name, key, None, after)
            else:
                differing = _differing(_named(table, before), after)
                yield RowChange(ChangeKind.CHANGED, name, key, *differing)
        for key in sorted(self.removed, key=str):
            before = self.before[key]
            yield RowChange(ChangeKind.REMOVED, name, key, _named(table, before), None)


def compare(session: Transaction, load: TableLoad, stale_before: datetime) -> TableChanges:
    """Return the changes of a load in a table.

    Rows with a `stamp` before `stale_before` get a new one even if nothing else changes.

    Raises:
        InvalidValue: A value that would be written does not fit its column.
    """
    found, seen = TableChanges(load), set()
    for *given, stamp in _rows(session, load.table):
        row = tuple(given)
        key = load.table.key_of(row)
        _note(found, key, row, stamp, stale_before, is_copy=key in seen)
        seen.add(key)
    found.known = len(seen)
    found.staying = len(seen.intersection(load.known_by or ()))
    found.written |= {key: row for key, row in load.rows.items() if key not in seen}
    for row in found.written.values():
        _check(load.table, row)
    return found


def _note(
    found: TableChanges, key: Key, row: Row, stamp: Any, stale_before: datetime, *, is_copy: bool
) -> None:
    """Note the change of a row; a copy of a row without a unique key is a change."""
    load, table = found.load, found.load.table
    wanted = load.rows.get(key)
    if wanted is not None:
        if is_copy or not (row == wanted or _is_same(table, row, wanted)):
            found.before.setdefault(key, row)
            found.written[key] = wanted
        elif table.stamp and (stamp is None or stamp < stale_before):
            found.stale.append(key)
    elif not load.keeps(key, stamp):
        found.before[key] = row
        if not is_copy:
            found.removed.append(key)


def _rows(session: Transaction, table: LoadedTable) -> Sequence[Any]:
    columns: list[Any] = [
        cast(table.column(name), String).label(name)
        if name == table.json_text
        else table.column(name)
        for name in table.columns
    ]
    stamp = table.column(table.stamp) if table.stamp else columns[0].label("stamp")
    return connection_of(session).execute(select(*columns, stamp)).all()


def _is_same(table: LoadedTable, row: Row, wanted: Row) -> bool:
    """Return whether a row that differs says the same in its JSON."""
    if not table.json_text:
        return False
    place = table.columns.index(table.json_text)
    if row[:place] + row[place + 1 :] != wanted[:place] + wanted[place + 1 :]:
        return False
    try:
        return json.dumps(json.loads(row[place])) == str(wanted[place])
    except (ValueError, TypeError, RecursionError):  # written by hand
        return False


def _check(table: LoadedTable, row: Row) -> None:
    for name, value in zip(table.columns, row, strict=True):
        if mistake := mistake_in(table.model, name, value) if name != table.json_text else None:
            key = " ".join(shown(one) for one in table.key_of(row))
            raise InvalidValue(f"{table.name} {key}: {mistake}")


def _named(table: LoadedTable, row: Row) -> dict[str, Any]:
    named = dict(zip(table.columns, row, strict=True))
    if table.json_text:
        named[table.json_text] = _parsed(named[table.json_text])
    return named


def _parsed(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def _differing(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns that differ, as they were and as they are; of an object, its fields."""
    was: dict[str, Any] = {}
    now: dict[str, Any] = {}
    for name in after:
        if before[name] == after[name] and json.dumps(before[name], default=str) == json.dumps(
            after[name], default=str
        ):
            continue
        if isinstance(before[name], dict) and isinstance(after[name], dict):
            was[name], now[name] = _fields(before[name], after[name])
        else:
            was[name], now[name] = before[name], after[name]
    return was, now


def _fields(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    differing = [
        name
        for name in {**before, **after}
        if name not in before
        or name not in after
        or json.dumps(before[name]) != json.dumps(after[name])
    ]
    was, now = ({name: one[name] for name in differing if name in one} for one in (before, after))
    return was, now
