"""The changes of a load, written: a statement for each table and kind of change, and the history.

Rows go as one JSON parameter, so that a statement is the same for one and for ten thousand.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    Text,
    and_,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from pandadb.core.sites.dumps.dump_kinds import UNREADABLE
from pandadb.core.sql.table_columns import named
from pandadb.core.sql.transaction import connection_of
from pandadb.models import SiteChange
from pandadb.models.types import Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Delete, Insert, TableValuedAlias, Update

    from pandadb.core.sites.loaded_tables import LoadedTable, Row
    from pandadb.core.sites.row_changes import RowChange, TableChanges
    from pandadb.core.sql.transaction import Transaction
    from pandadb.models import Base

ROWS, AT = bindparam("rows", type_=Text()), bindparam("at", type_=Timestamp())
HISTORY = ("kind", "table_name", "row_key", "row_before", "row_after")


def lock(session: Transaction, models: Iterable[type[Base]]) -> None:
    """Lock tables against other writers, in the order that is given; readers go on."""
    names = ", ".join(named(session, model.__table__.fullname).as_string() for model in models)
    connection_of(session).execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


def write(session: Transaction, changes: TableChanges, at: datetime) -> None:
    """Write the changes of a table."""
    load, connection = changes.load, connection_of(session)
    table = load.table
    removed = [*changes.removed]
    changed = [row for key, row in changes.written.items() if key in changes.before]
    added = [row for key, row in changes.written.items() if key not in changes.before]
    if not table.is_unique:
        removed += map(table.key_of, changed)
        added, changed = changed + added, []
    if removed:
        connection.execute(_deletion(table), {"rows": _json(table.key, removed)})
    if changed:
        rows = {"rows": _json(table.columns, changed), "at": at}
        connection.execute(_change(table, load.written_at), rows)
    if added:
        rows = {"rows": _json(table.columns, added), "at": at}
        connection.execute(_addition(table, load.written_at), rows)
    if changes.stale:
        rows = {"rows": _json(table.key, changes.stale), "at": at}
        connection.execute(_stamping(table), rows)


def note(session: Transaction, changes: Sequence[RowChange], at: datetime) -> None:
    """Add changes to the history."""
    rows = [
        (one.kind, one.table, " ".join(map(str, one.key)), one.before, one.after) for one in changes
    ]
    if rows:
        connection_of(session).execute(
            _notes(), {"rows": _readable(_json(HISTORY, rows)), "at": at}
        )


def _json(columns: Sequence[str], rows: Iterable[Row]) -> str:
    return json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=str)


def _readable(written: str) -> str:
    """Return JSON that JSONB takes: rows written by others may have NUL, or half a character."""
    if not UNREADABLE.search(written):
        return written
    plain = json.dumps(json.loads(written), ensure_ascii=False)
    plain = re.sub(r"(?<!\\)((?:\\\\)*)\\u0000", r"\1�", plain)
    return plain.encode(errors="replace").decode()


def _given(table: LoadedTable, names: Sequence[str]) -> TableValuedAlias:
    columns = [
        column(name, Text() if name == table.json_text else table.column(name).type)
        for name in names
    ]
    return (
        func.json_to_recordset(cast(ROWS, JSON))
        .table_valued(*columns, name="given")
        .render_derived(with_types=True)
    )


def _values(
    table: LoadedTable, given: TableValuedAlias, names: Sequence[str], written_at: str | None
) -> dict[str, ColumnElement[Any]]:
    values: dict[str, ColumnElement[Any]] = {
        name: cast(given.c[name], table.column(name).type)
        if name == table.json_text
        else given.c[name]
        for name in names
    }
    return values | {name: AT for name in (table.stamp, written_at) if name}


def _is_given(table: LoadedTable, given: TableValuedAlias) -> ColumnElement[bool]:
    return and_(*(table.column(name) == given.c[name] for name in table.key))


@cache
def _deletion(table: LoadedTable) -> Delete:
    given = _given(table, table.key)
    chosen = _is_given(table, given)
    if not table.is_unique:  # where a key may be NULL
        key, value = table.column(table.key[0]), given.c[table.key[0]]
        chosen = or_(chosen, and_(key.is_(None), value.is_(None)))
    return delete(table.model.__table__).where(chosen)


@cache
def _change(table: LoadedTable, written_at: str | None) -> Update:
    given = _given(table, table.columns)
    values = _values(table, given, table.values, written_at)
    return update(table.model.__table__).values(values).where(_is_given(table, given))


@cache
def _addition(table: LoadedTable, written_at: str | None) -> Insert:
    given = _given(table, table.columns)
    values = _values(table, given, table.columns, written_at)
    return insert(table.model.__table__).from_select([*values], select(*values.values()))


@cache
def _stamping(table: LoadedTable) -> Update:
    given = _given(table, table.key)
    values = {str(table.stamp): AT}
    return update(table.model.__table__).values(values).where(_is_given(table, given))


@cache
def _notes() -> Insert:
    history = SiteChange.__table__
    columns = [column(name, history.c[name].type) for name in HISTORY]
    given = (
        func.json_to_recordset(cast(ROWS, JSON))
        .table_valued(*columns, name="given")
        .render_derived(with_types=True)
    )
    values = select(*(given.c[name] for name in HISTORY), AT)
    return insert(history).from_select([*HISTORY, "changed_at"], values)
