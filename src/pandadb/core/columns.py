"""Columns as the database has them, also those that a site has added and pandadb does not know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text

from pandadb.core.transactions import schema_of

if TYPE_CHECKING:
    from pandadb.core.transactions import Transaction

COLUMNS = text("""
SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
 WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
""")


@dataclass(frozen=True)
class Column:
    """A column as the database has it."""

    name: str
    type: str
    """As PostgreSQL writes it, `character varying(250)` for instance."""


def columns(session: Transaction, table: sql.Identifier) -> list[Column]:
    """Return all columns of a table or a partition, in its order."""
    found = session.execute(COLUMNS, {"table": table.as_string()})
    return [Column(row.name, row.type) for row in found]


def named(session: Transaction, table: str) -> sql.Identifier:
    """Return a table of the models as it is called in this database."""
    schema, _, name = table.partition(".")
    return sql.Identifier(schema_of(session, schema), name)
