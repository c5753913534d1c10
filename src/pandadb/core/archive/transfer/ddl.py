"""The DDL of the archiver: each LOCK, ATTACH, DETACH and CHECK once, and how it is sent.

The templates name a partition at each stage of its way: `partition` where it is, `staged` as a
table that is not attached yet, `moved` in the other schema, `arrived` as it is called there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from psycopg import sql

from pandadb.core.archive.checksums import NO_PARAMETERS
from pandadb.core.partitions.table_options import LIKE_TABLE
from pandadb.core.sql.table_columns import named
from pandadb.core.sql.transaction import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from sqlalchemy import CursorResult
    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part
    from pandadb.core.partitions.catalog import Partition

BOUNDS_CHECK = "archive_bounds"
"""The name of the CHECK that saves the server a scan to attach a partition; it is dropped then."""
STAGING_SUFFIX = "_fresh"
"""The suffix of the name of a table that is not attached yet."""
CHECK = "CONSTRAINT {bounds} CHECK (modificationtime IS NOT NULL AND {times})"

LOCK = "LOCK TABLE {tables} IN {mode} MODE"
CREATE_TABLE = f"CREATE TABLE {{staged}} ({LIKE_TABLE} EXCLUDING INDEXES, {CHECK}){{storage}}"
ADD_CHECK = f"ALTER TABLE {{partition}} ADD {CHECK} NOT VALID"
VALIDATE_CHECK = "ALTER TABLE {partition} VALIDATE CONSTRAINT {bounds}"
ADD_KEY = "ALTER TABLE {staged} ADD {key}"
CREATE_INDEX = "CREATE {unique}INDEX ON {staged} USING {how}"
MOVE = (
    "ALTER TABLE {source} DETACH PARTITION {partition}",
    "ALTER TABLE {partition} SET SCHEMA {schema}",
    "ALTER TABLE {moved} RENAME TO {new_name}",
)
RENAME_STAGED = "ALTER TABLE {staged} RENAME TO {new_name}"
ATTACH = (
    "ALTER TABLE {target} ATTACH PARTITION {arrived} FOR VALUES FROM ({lower}) TO ({upper})",
    "ALTER TABLE {arrived} DROP CONSTRAINT {bounds}",
)
DROP_STAGED = "DROP TABLE IF EXISTS {staged}"
DROP_TABLES = "DROP TABLE {tables}"


class LockMode(StrEnum):
    """Lock modes of PostgreSQL, named by the sessions that have to wait."""

    ALL = "ACCESS EXCLUSIVE"
    """Readers, too: none may find a job without its satellites, or in neither place."""
    WRITERS = "SHARE"
    DDL = "SHARE UPDATE EXCLUSIVE"
    """And against maintenance, such as an autovacuum; readers and writers go on."""


def lock(session: Session, mode: LockMode, *tables: sql.Identifier) -> None:
    """Lock tables, or partitions, in one statement: a partitioned table without its partitions."""
    only = sql.SQL("" if mode is LockMode.WRITERS else "ONLY ")
    listed = sql.SQL(", ").join(only + table for table in tables)
    run(session, LOCK, tables=listed, mode=sql.SQL(mode))


def drop(session: Session, parts: Iterable[Part]) -> None:
    """Drop partitions of tables that are locked."""
    run(session, DROP_TABLES, tables=sql.SQL(", ").join(map(place, parts)))


def place(one: Part | Partition) -> sql.Identifier:
    """Return the name of a partition where it is."""
    return sql.Identifier(one.schema, one.name)


def staged(session: Session, part: Part) -> sql.Identifier:
    """Return the name of the table, beside the target, that is to become a partition of it."""
    return sql.Identifier(_schema(session, part), f"{part.new_name[:57]}{STAGING_SUFFIX}")


def arrived(session: Session, part: Part) -> sql.Identifier:
    """Return the name of a partition of its target."""
    return sql.Identifier(_schema(session, part), part.new_name)


def _schema(session: Session, part: Part) -> str:
    return schema_of(session, part.target.partition(".")[0])


def run_for(session: Session, part: Part, *templates: str, **names: sql.Composable) -> None:
    """Run statements about a partition, in one message, in the database that it goes to."""
    schema = _schema(session, part)
    words: dict[str, sql.Composable] = {
        "source": named(session, part.source),
        "target": named(session, part.target),
        "table": named(session, part.target),
        "schema": sql.Identifier(schema),
        "partition": place(part),
        "staged": staged(session, part),
        "moved": sql.Identifier(schema, part.name),
        "arrived": arrived(session, part),
        "new_name": sql.Identifier(part.new_name),
        "bounds": sql.Identifier(BOUNDS_CHECK),
        "times": part.condition(),
        "lower": sql.Literal(str(part.lower)),
        "upper": sql.Literal(str(part.upper)),
    }
    run(session, *templates, **words, **names)


def run(
    session: Session, *templates: str, **names: sql.Composable
) -> CursorResult[*tuple[Any, ...]]:
    """Run statements, in one message; a name, or the condition of an index, may have a %."""
    statements = [sql.SQL(template).format(**names).as_string() for template in templates]
    return session.connection().exec_driver_sql(
        "; ".join(statements), execution_options=NO_PARAMETERS
    )
