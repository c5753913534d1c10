"""What is in a table, as two numbers: how many rows, and a sum that depends on all their values.

The sum is of one 64-bit hash for each row, so the order of rows does not matter and a row that is
there twice counts twice. Columns are taken by their names: tables that have the same ones in
another order, or a column as varchar(20) instead of varchar(30), have equal fingerprints if they
have equal rows. `pandadb.drop_archived` counts in the same way.

PostgreSQL's hash of a row adds up those of its columns, each times a power of 31. The sum of such
hashes would not see that two rows have changed places in one column, so each is hashed once more.
A column of a type without a hash, such as json, is hashed as the text that it is written as.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from pandadb.core.sql.table_columns import column_names, unhashed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

CHECKSUM = (
    "count(*),"
    " coalesce(sum(hashtextextended(hash_record_extended(ROW({columns}), 0)::text, 0)::numeric), 0)"
)


NO_PARAMETERS = {"no_parameters": True}
"""How what has names of columns is sent: one may have a %."""
HASHABLE_TYPES = frozenset(
    psycopg.adapters.types[name].oid
    for name in (
        "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bpchar",
        "bytea", "date", "timestamp", "timestamptz", "jsonb", "uuid",
    )
)  # fmt: skip
"""Types that have a hash, as all columns of PanDA's own."""


@dataclass(frozen=True)
class Fingerprint:
    """How many rows there are, and the sum of their hashes."""

    rows: int
    sum: int

    def __add__(self, other: Fingerprint) -> Fingerprint:
        """Return that of the rows of both."""
        return Fingerprint(self.rows + other.rows, self.sum + other.sum)

    def __sub__(self, other: Fingerprint) -> Fingerprint:
        """Return that of the rows that are left without the other ones."""
        return Fingerprint(self.rows - other.rows, self.sum - other.sum)


def fingerprint(session: Session, schema: str, name: str) -> Fingerprint:
    """Return the fingerprint of a partition, by schema and name, over all columns that it has.

    It reads all of it, and holds nobody up.
    """
    place = sql.Identifier(schema, name)
    return fingerprint_of(session, column_names(session, place), place)


def summed(session: Session, names: Iterable[str], rows: sql.Composable) -> sql.Composed:
    """Return what to select for the two numbers, of rows with columns of the types of these."""
    ordered = sorted(names)
    texts = _texts(session, ordered, rows)
    each = (
        sql.SQL("{}::text" if name in texts else "{}").format(sql.Identifier(name))
        for name in ordered
    )
    return sql.SQL(CHECKSUM).format(columns=sql.SQL(", ").join(each))


def _texts(session: Session, names: Sequence[str], rows: sql.Composable) -> set[str]:
    """Return the columns whose types have no hash; the server says what types rows have."""
    listed = sql.SQL(", ").join(map(sql.Identifier, names))
    query = sql.SQL("SELECT {} FROM {} LIMIT 0").format(listed, rows).as_string()
    found = session.connection().exec_driver_sql(query, execution_options=NO_PARAMETERS)
    types: dict[str, Any] = {one[0]: one[1] for one in found.cursor.description or ()}
    odd = {*types.values()} - HASHABLE_TYPES
    lacking = unhashed(session, odd) if odd else set()
    return {name for name, kind in types.items() if kind in lacking}


def fingerprint_of(session: Session, names: Iterable[str], rows: sql.Composable) -> Fingerprint:
    """Return the fingerprint of rows: what follows FROM, a condition perhaps included."""
    query = sql.SQL("SELECT {} FROM {}").format(summed(session, names, rows), rows)
    connection = session.connection()
    connection.exec_driver_sql("SET LOCAL jit = off")  # compiling takes longer than it saves
    count, total = connection.exec_driver_sql(
        query.as_string(), execution_options=NO_PARAMETERS
    ).one()
    return Fingerprint(int(count), int(total))
