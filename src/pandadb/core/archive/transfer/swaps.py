"""A day goes from one table to another: the preparation, while readers and writers go on.

No row is written anew. Indexes that the other table has are built CONCURRENTLY, and a CHECK states
the times that the partition has, so that attaching needs no scan.

An autovacuum would make the exchange wait with all tables locked, since a server cancels one only
after it has blocked a session for a second. So the locks against maintenance are taken before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text

from pandadb.core.archive.transfer import ddl
from pandadb.core.archive.transfer.ddl import BOUNDS_CHECK, LockMode
from pandadb.core.sql.table_columns import named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Day, Part

DEFAULT = text("""
SELECT n.nspname, c.relname FROM pg_partitioned_table p
  JOIN pg_class c ON c.oid = p.partdefid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE p.partrelid = to_regclass(:table)
""")
CHECK_IS_VALID = text("""
SELECT k.convalidated FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = :schema AND c.relname = :name AND k.conname = :bounds
""")
LEFTOVERS = text("""
WITH partitions AS (
    SELECT inhrelid AS oid FROM pg_inherits WHERE inhparent = ANY(CAST(:tables AS regclass[]))
)
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
  FROM pg_constraint WHERE conrelid IN (SELECT oid FROM partitions) AND conname = :bounds
 UNION ALL
SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass)
  FROM pg_index JOIN pg_class c ON c.oid = indexrelid
 WHERE indrelid IN (SELECT oid FROM partitions) AND NOT indisvalid AND c.relname ~ '_[0-9]{8}$'
""")


def add_check(session: Session, part: Part) -> None:
    """Add the CHECK of its times to a partition that lacks it; this locks it for a moment."""
    if _is_validated(session, part) is None:
        ddl.run_for(session, part, ddl.ADD_CHECK)


def validate_check(session: Session, part: Part) -> None:
    """Validate the CHECK of a partition: it is scanned once, while others write."""
    if not _is_validated(session, part):
        ddl.run_for(session, part, ddl.VALIDATE_CHECK)


def _is_validated(session: Session, part: Part) -> bool | None:
    """Return whether the CHECK is validated; None if there is none."""
    words = {"schema": part.schema, "name": part.name, "bounds": BOUNDS_CHECK}
    found: bool | None = session.scalar(CHECK_IS_VALID, words)
    return found


def leftovers(session: Session, tables: Iterable[str]) -> list[str]:
    """Return the statements that remove the preparation of an interrupted swap.

    They drop the CHECK and invalid indexes. Each statement runs outside of a transaction; it waits
    while another session still builds the index.
    """
    names = [named(session, table).as_string() for table in tables]
    return [*session.scalars(LEFTOVERS, {"tables": names, "bounds": BOUNDS_CHECK})]


def lock_against_vacuum(session: Session, day: Day, seconds: float) -> None:
    """Lock the partitions that will change against maintenance; readers and writers go on.

    The DEFAULT partitions of their tables change, too. The lock timeout, in seconds, is for an
    autovacuum; the session's own is restored.
    """
    connection = session.connection()
    before = connection.exec_driver_sql("SHOW lock_timeout").scalar_one()
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{round(seconds * 1000)}ms'")
    for part in day.parts:
        ddl.lock(session, LockMode.DDL, ddl.place(part))
    for table in [part.source for part in day.parts] + [part.target for part in day.parts]:
        for default in session.execute(DEFAULT, {"table": named(session, table).as_string()}):
            ddl.lock(session, LockMode.DDL, sql.Identifier(*default))
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{before}'")
