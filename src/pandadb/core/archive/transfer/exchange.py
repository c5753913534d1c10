"""Partitions change places in one short transaction: all locks first, always in the same order.

The tables that a partition leaves are locked against readers, too; those that one comes to are not.
Whatever takes long is done before: indexes, the CHECK of the times, the rows of staged tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF
from pandadb.core.archive.transfer import ddl
from pandadb.core.archive.transfer.ddl import LockMode
from pandadb.core.partitions.table_options import identify
from pandadb.core.sql.table_columns import named
from pandadb.core.sql.transaction import schema_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part

ORDER = [*ARCHIVE_OF]
HAS_ROWS = "SELECT EXISTS (SELECT 1 FROM {partition})"
SAME_RIGHTS = text("""
SELECT count(DISTINCT coalesce(CAST(c.relacl AS text), '')) = 1
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = :schema AND c.relname IN (:name, :parent)
""")
RIGHTS = text("""
SELECT format('REVOKE ALL ON %s FROM %s', c.oid::regclass, role)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL aclexplode(c.relacl) a
 CROSS JOIN LATERAL (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
            AS of (role)
 WHERE n.nspname = :schema AND c.relname = :name AND a.grantee <> c.relowner
 UNION
SELECT format('GRANT %s ON %I.%I TO %s', a.privilege_type, CAST(:schema AS text),
              CAST(:name AS text), role)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL aclexplode(c.relacl) a
 CROSS JOIN LATERAL (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
            AS of (role)
 WHERE n.nspname = :schema AND c.relname = :parent AND a.grantee <> c.relowner
 ORDER BY 1 DESC
""")
"""The statements that give a partition the rights of its table; REVOKE comes first."""


@dataclass(frozen=True)
class Exchange:
    """Partitions that change places."""

    moving: Collection[Part] = ()
    """Those that go from one table to another, after their preparation."""
    leaving: Collection[Part] = ()
    """Those that are dropped."""
    arriving: Collection[Part] = ()
    """Those that come to a table: their staged tables are filled and built."""


def carry_out(session: Session, exchange: Exchange) -> None:
    """Exchange partitions within the session's transaction."""
    _lock(session, exchange)
    if exchange.leaving:
        ddl.drop(session, exchange.leaving)
    for part in _ordered(exchange.moving):
        ddl.run_for(session, part, *ddl.MOVE, *ddl.ATTACH)
        _finish(session, part)
    for part in _ordered(exchange.arriving):
        ddl.run_for(session, part, ddl.RENAME_STAGED, *ddl.ATTACH)
        _finish(session, part)


def drop_if_empty(session: Session, part: Part) -> bool:
    """Lock a partition and its table against readers too; drop it if it has no row."""
    ddl.lock(session, LockMode.ALL, named(session, part.source), ddl.place(part))
    is_empty = not ddl.run(session, HAS_ROWS, partition=ddl.place(part)).scalar_one()
    if is_empty:
        ddl.drop(session, [part])
    return is_empty


def _lock(session: Session, exchange: Exchange) -> None:
    """Lock all tables: those that a day moves from before those that it moves to."""
    left = {part.source for part in (*exchange.moving, *exchange.leaving)}
    entered = {part.target for part in (*exchange.moving, *exchange.arriving)}
    last = {part.target for part in exchange.moving}
    for table in sorted(left | entered, key=lambda table: (table in last, _rank(table))):
        mode = LockMode.ALL if table in left else LockMode.DDL
        ddl.lock(session, mode, named(session, table))


def _rank(table: str) -> int:
    return ORDER.index(LIVE_OF.get(table, table))


def _ordered(parts: Collection[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: (_rank(part.target), part.lower))


def _finish(session: Session, part: Part) -> None:
    """Give a partition that has arrived the rights of its table and no others, and its identity."""
    schema, _, parent = part.target.partition(".")
    words = {"schema": schema_of(session, schema), "name": part.new_name, "parent": parent}
    is_same = session.scalar(SAME_RIGHTS, words)
    if not is_same and (statements := session.scalars(RIGHTS, words).all()):
        session.connection().exec_driver_sql("; ".join(statements))
    identify(session, part.target, ddl.arrived(session, part))
