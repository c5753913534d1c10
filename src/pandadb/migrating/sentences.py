"""What Alembic's comparison finds, as sentences for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ClauseElement, ColumnClause, Computed, Identity
from sqlalchemy.dialects import postgresql

from pandadb.migrating.catalogue import MISSING, SURPLUS, Difference
from pandadb.models.base import Base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy import Column, Constraint, ForeignKeyConstraint, Index, Table
    from sqlalchemy.types import TypeEngine

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
ENDINGS = {"add": MISSING, "remove": SURPLUS}


def sentences(diffs: Iterable[Any]) -> Iterator[Difference]:
    """Return Alembic's differences as ours.

    An index that is other, which Alembic removes and adds, is one difference. Of a table that is
    missing or surplus only the table is reported.
    """
    found = [one for diff in diffs for one in (diff if isinstance(diff, list) else [diff])]
    tables = {diff[1].fullname for diff in found if diff[0] in ("add_table", "remove_table")}
    removed = {_name(diff[1]): diff[1] for diff in found if diff[0] == "remove_index"}
    added = {_name(diff[1]) for diff in found if diff[0] == "add_index"}
    for kind, *rest in found:
        if kind == "remove_index" and _name(rest[0]) in added:
            continue
        if kind == "add_index" and (other := removed.get(_name(rest[0]))) is not None:
            difference = _other_index(rest[0], other)
        else:
            difference = _difference(kind, rest)
        if kind in ("add_table", "remove_table") or not _belongs(difference, tables):
            yield difference


def _belongs(difference: Difference, tables: Iterable[str]) -> bool:
    """Return whether an object is part of one of the tables."""
    kind, name, sentence = difference
    return any(
        name == table
        or name.startswith(f"{table}.")
        or (kind == "partition" and name.startswith(f"{table}_"))
        or (kind == "index" and f" on {table} (" in sentence)
        for table in tables
    )


def _difference(kind: str, rest: list[Any]) -> Difference:
    verb, _, what = kind.partition("_")
    if kind == "drift":
        return Difference(*rest[0])
    if verb == "modify":
        return _column(what, rest)
    if what == "table_comment":
        return _table_comment(*rest)
    return SENTENCES[what](ENDINGS[verb], *rest)


def _table(ending: str, table: Table) -> Difference:
    sentence = f"table {table.fullname} {ending}"
    if ending == SURPLUS and (parent := _parent(table)):
        sentence += f": by its name a partition of {parent} that was detached; attach or drop it"
    return Difference("table", table.fullname, sentence)


def _parent(table: Table) -> str | None:
    """Return the partitioned table of which a table has the name of a partition."""
    names = [
        one.fullname
        for one in Base.metadata.tables.values()
        if one.dialect_options["postgresql"]["partition_by"]
        and table.fullname.startswith(f"{one.fullname}_")
    ]
    return max(names, key=len, default=None)


def _name(index: Index) -> str:
    table = index.table
    assert table is not None  # noqa: S101 - Alembic's indexes have one
    return f"{table.schema}.{index.name}"


def _columns(index: Index) -> str:
    """Return what an index is of, as in CREATE INDEX."""
    each = (one if isinstance(one, str) else _compiled(one) for one in index.expressions)
    return f"({', '.join(each)})"


def _compiled(expression: ClauseElement) -> str:
    if isinstance(expression, ColumnClause):
        return str(expression.name)
    words = {"literal_binds": True, "include_table": False}
    return str(expression.compile(dialect=DIALECT, compile_kwargs=words))


def _whole_column(ending: str, schema: str, table: str, column: Column[Any]) -> Difference:
    name = f"{schema}.{table}.{column.name}"
    return Difference("column", name, f"column {name}, {_type(column.type)}, {ending}")


def _index(ending: str, index: Index) -> Difference:
    unique = "unique index" if index.unique else "index"
    assert index.table is not None  # noqa: S101 - Alembic's indexes have one
    sentence = f"{unique} {_name(index)} on {index.table.fullname} {_columns(index)} {ending}"
    return Difference("index", _name(index), sentence)


def _other_index(wanted: Index, found: Index) -> Difference:
    expected, other = (
        f"{'UNIQUE ' if index.unique else ''}{_columns(index)}" for index in (wanted, found)
    )
    name = _name(wanted)
    return Difference("index", name, f"index {name}: expected {expected}, found {other}")


def _constraint(ending: str, constraint: Constraint) -> Difference:
    table = constraint.table
    columns = ", ".join(column.name for column in constraint.columns)  # type: ignore[attr-defined]
    kind = {"unique_constraint": "unique constraint", "foreign_key_constraint": "foreign key"}.get(
        constraint.__visit_name__, "constraint"
    )
    name = f"{table.fullname}.{constraint.name}"
    to = f" to {_referred(constraint)}" if kind == "foreign key" else ""  # type: ignore[arg-type]
    return Difference(kind, name, f"{kind} {name} ({columns}){to} {ending}")


def _referred(constraint: ForeignKeyConstraint) -> str:
    return ", ".join(element.target_fullname for element in constraint.elements)


def _table_comment(table: Table, existing: str | None = None) -> Difference:
    return _other("table", table.fullname, "comment", table.comment, existing)


def _column(what: str, rest: list[Any]) -> Difference:
    """Return the difference of a column's type, default, comment, or whether it may be NULL."""
    schema, table, column, _, found, wanted = rest
    name = f"{schema}.{table}.{column}"
    if what == "nullable":
        words = {True: "NULL allowed", False: "NOT NULL"}
        sentence = f"column {name}: expected {words[wanted]}, found {words[found]}"
        return Difference("column", name, sentence)
    if what == "type":
        wanted, found = _type(wanted), _type(found)
    elif what == "default":
        wanted, found = _default(wanted), _default(found)
    return _other("column", name, what, wanted, found)


def _other(kind: str, name: str, what: str, wanted: str | None, found: str | None) -> Difference:
    words = [
        f"no {what}" if one is None else f"{what} {one!r}" if what == "comment" else f"{what} {one}"
        for one in (wanted, found)
    ]
    return Difference(kind, name, f"{kind} {name}: expected {words[0]}, found {words[1]}")


def _type(type_: TypeEngine[Any]) -> str:
    return type_.compile(DIALECT)


def _default(default: Any) -> str | None:
    """Return a server default as PostgreSQL writes it."""
    if default is None or default is False:
        return None
    if isinstance(default, Identity):
        return "GENERATED AS IDENTITY"
    arg = default.sqltext if isinstance(default, Computed) else getattr(default, "arg", default)
    if isinstance(arg, ClauseElement):
        return _compiled(arg)
    return repr(str(arg))


SENTENCES: dict[str, Callable[..., Difference]] = {
    "table": _table,
    "column": _whole_column,
    "index": _index,
    "constraint": _constraint,
    "fk": _constraint,
}
"""By the object in the name of Alembic's operation, after `add_` or `remove_`."""
