"""What is in a table, as two numbers: how many rows, and a sum that depends on all their values.

The sum is of one 64-bit hash for each row, so the order of rows does not matter and a row that is
there twice counts twice. Columns are taken by their names: tables that have the same ones in
another order, or a column as varchar(20) instead of varchar(30), have equal fingerprints if they
have equal rows. `pandadb.drop_archived` counts in the same way.

PostgreSQL's hash of a row adds up those of its columns, each times a power of 31. The sum of such
hashes would not see that two rows have changed places in one column, so each is hashed once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from pandadb.core.columns import columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

SUMMED = (
    "count(*),"
    " coalesce(sum(hashtextextended(hash_record_extended(ROW({columns}), 0)::text, 0)::numeric), 0)"
)


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
    return fingerprint_of(session, (column.name for column in columns(session, place)), place)


def summed(names: Iterable[str]) -> sql.Composed:
    """Return what to select for the two numbers, of rows that have columns of these names."""
    return sql.SQL(SUMMED).format(columns=sql.SQL(", ").join(map(sql.Identifier, sorted(names))))


def fingerprint_of(session: Session, names: Iterable[str], rows: sql.Composable) -> Fingerprint:
    """Return the fingerprint of rows: what follows FROM, a condition perhaps included."""
    query = sql.SQL("SELECT {} FROM {}").format(summed(names), rows)
    connection = session.connection()
    connection.exec_driver_sql("SET LOCAL jit = off")  # compiling takes longer than it saves
    words = {"no_parameters": True}  # a name of a column may have a %
    count, total = connection.exec_driver_sql(query.as_string(), execution_options=words).one()
    return Fingerprint(int(count), int(total))
