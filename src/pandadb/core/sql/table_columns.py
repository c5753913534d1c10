"""Columns as the database has them, also those that a site has added and pandadb does not know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text

from pandadb.core.sql.transaction import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.sql.transaction import Transaction

COLUMNS = text("""
SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
 WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
""")


WRITABLE = text("""
SELECT attname FROM pg_attribute
 WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
 ORDER BY attnum
""")


NO_HASH_TYPES = text("""
WITH RECURSIVE made_of (type, part) AS (
    SELECT oid, oid FROM pg_type WHERE oid = ANY(CAST(:types AS oid[]))
     UNION
    SELECT m.type, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END
      FROM made_of m JOIN pg_type t ON t.oid = m.part
     WHERE t.typtype = 'd' OR t.typsubscript = CAST('array_subscript_handler' AS regproc)
)
SELECT DISTINCT CAST(CAST(m.type AS text) AS bigint)
  FROM made_of m JOIN pg_type t ON t.oid = m.part
 WHERE t.typtype = 'b' AND t.typsubscript <> CAST('array_subscript_handler' AS regproc)
   AND NOT EXISTS (
       SELECT 1 FROM pg_opclass o JOIN pg_am a ON a.oid = o.opcmethod AND a.amname = 'hash'
        WHERE o.opcdefault AND (o.opcintype = t.oid OR EXISTS (
              SELECT 1 FROM pg_cast c WHERE c.castsource = t.oid AND c.casttarget = o.opcintype
                 AND c.castmethod = 'b' AND c.castcontext = 'i')))
""")
"""A domain has the hash of its base, an array that of its elements, a varchar that of a text."""


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


def column_names(session: Transaction, table: sql.Identifier) -> list[str]:
    """Return the names of all columns of a table or a partition, in its order."""
    return [column.name for column in columns(session, table)]


def writable(session: Transaction, table: sql.Identifier) -> list[str]:
    """Return the names of the columns that rows are written with: not those that are GENERATED."""
    return [*session.scalars(WRITABLE, {"table": table.as_string()})]


def unhashed(session: Transaction, types: Iterable[int]) -> set[int]:
    """Return the types, by oid, without a hash function: json, xml and point, for instance."""
    return {*session.scalars(NO_HASH_TYPES, {"types": [*types]})}


def named(session: Transaction, table: str) -> sql.Identifier:
    """Return a table of the models as it is called in this database."""
    schema, _, name = table.partition(".")
    return sql.Identifier(schema_of(session, schema), name)
