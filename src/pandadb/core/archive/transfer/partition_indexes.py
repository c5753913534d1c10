"""Indexes that a partition needs before it goes to another table, built while others write."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text

from pandadb.core.sql.transaction import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part

INDEXES = text("""
SELECT c.relname AS name, i.indisunique AS is_unique, i.indisvalid AS is_valid,
       i.indisprimary AS is_primary, pg_get_indexdef(i.indexrelid) AS definition
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace
 WHERE n.nspname = :schema AND t.relname = :table
 ORDER BY c.relname
""")
CREATE_INDEX = "CREATE {unique}INDEX CONCURRENTLY {name} ON {partition} USING {how}"
DROP_INDEX = "DROP INDEX CONCURRENTLY {index}"


@dataclass(frozen=True)
class Index:
    """An index of a table."""

    name: str
    is_unique: bool
    is_valid: bool
    how: str
    """The definition after USING: method, columns, condition."""


def indexes(session: Session, schema: str, table: str) -> list[Index]:
    """Return the indexes of a table, without that of its primary key."""
    return [
        Index(row.name, row.is_unique, row.is_valid, row.definition.partition(" USING ")[2])
        for row in session.execute(INDEXES, {"schema": schema, "table": table})
        if not row.is_primary
    ]


def missing(session: Session, part: Part) -> list[Index]:
    """Return the indexes that a partition lacks and its target has."""
    schema, _, table = part.target.partition(".")
    wanted = indexes(session, schema_of(session, schema), table)
    there = indexes(session, part.schema, part.name)
    has = Counter((index.is_unique, index.how) for index in there if index.is_valid)
    absent = []
    for index in wanted:
        kind = (index.is_unique, index.how)
        if has[kind]:
            has[kind] -= 1
        else:
            absent.append(index)
    return absent


def build_statements(session: Session, part: Part) -> Iterator[str]:
    """Yield the statements that build the missing indexes, each outside of a transaction.

    An index whose build was interrupted is invalid, and is dropped first.
    """
    partition = sql.Identifier(part.schema, part.name)
    for index in indexes(session, part.schema, part.name):
        if not index.is_valid:
            yield _said(DROP_INDEX, index=sql.Identifier(part.schema, index.name))
    for index in missing(session, part):
        name = f"{index.name[:50]}_{part.lower:%Y%m%d}"
        yield _said(
            CREATE_INDEX,
            unique=sql.SQL("UNIQUE " if index.is_unique else ""),
            name=sql.Identifier(name),
            partition=partition,
            how=sql.SQL(index.how),
        )


def _said(template: str, **names: sql.Composable) -> str:
    return sql.SQL(template).format(**names).as_string()
