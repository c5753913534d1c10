"""A day from one table's partitions to another's: no row is written anew.

What takes long is done before, while everybody works: indexes that the other table has are built
CONCURRENTLY, and a CHECK says what times the partition has, so that nothing is read to attach it.
The rest is one short transaction. It locks the tables that the day leaves, always in the same order
and for itself, so that no reader finds a job without what belongs to it, or in neither place.

An autovacuum would make it wait with all tables locked, since a server ends one only when somebody
has waited for it for a second. So it waits before, with a lock that disturbs nobody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text

from pandadb.core.partitions.table_options import identify
from pandadb.core.sql.table_columns import named
from pandadb.core.sql.transaction import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Day, Part

BOUNDS = "archive_bounds"
"""The name of the CHECK; a partition has it only while it is on its way."""

VACUUM = "3s"
"""How long an autovacuum is waited for, which a server ends after its deadlock_timeout, 1 s."""

DEFAULT = text("""
SELECT partdefid::regclass::text FROM pg_partitioned_table
 WHERE partrelid = to_regclass(:table) AND partdefid <> 0
""")
CHECKED = text("""
SELECT k.convalidated FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = :schema AND c.relname = :name AND k.conname = :bounds
""")
SAID = (
    "ALTER TABLE {partition} ADD CONSTRAINT {bounds} CHECK (modificationtime IS NOT NULL"
    " AND modificationtime >= {lower} AND modificationtime < {upper}) NOT VALID"
)
VALIDATED = "ALTER TABLE {partition} VALIDATE CONSTRAINT {bounds}"

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
QUIET = "LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE"
LEFT = "LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE"
ENTERED = "LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE"
SWAPPED = (
    "ALTER TABLE {source} DETACH PARTITION {partition}",
    "ALTER TABLE {partition} SET SCHEMA {schema}",
    "ALTER TABLE {moved} RENAME TO {new_name}",
    "ALTER TABLE {target} ATTACH PARTITION {renamed} FOR VALUES FROM ({lower}) TO ({upper})",
    "ALTER TABLE {renamed} DROP CONSTRAINT {bounds}",
)

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
"""What gives a partition the rights of its new table; REVOKE comes first."""


def say_bounds(session: Session, part: Part) -> None:
    """Give a partition its CHECK, unless it has it; that locks it for a moment."""
    if _is_checked(session, part) is None:
        _run(session, [SAID], part)


def validate_bounds(session: Session, part: Part) -> None:
    """Have the server read the partition once, while others write, so that it need not later."""
    if not _is_checked(session, part):
        _run(session, [VALIDATED], part)


def _is_checked(session: Session, part: Part) -> bool | None:
    """Tell whether the CHECK is known to hold; None if there is none."""
    words = {"schema": part.schema, "name": part.name, "bounds": BOUNDS}
    found: bool | None = session.scalar(CHECKED, words)
    return found


def leftovers(session: Session, tables: Iterable[str]) -> list[str]:
    """Return what removes, from partitions that have stayed, what was made for them to go.

    That is the CHECK, and indexes that were not built to their end. Each statement stands outside
    of transactions; while somebody is still building an index, it waits for him.
    """
    names = [named(session, table).as_string() for table in tables]
    return [*session.scalars(LEFTOVERS, {"tables": names, "bounds": BOUNDS})]


def keep_vacuum_away(session: Session, day: Day) -> None:
    """Lock the partitions that will change against maintenance, for the session's transaction.

    Readers and writers go on. The DEFAULT partitions of the tables change, too.
    """
    connection = session.connection()
    before = connection.exec_driver_sql("SHOW lock_timeout").scalar_one()
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{VACUUM}'")
    for part in day.parts:
        _run(session, [QUIET], part, table=sql.Identifier(part.schema, part.name))
    for table in [part.source for part in day.parts] + [part.target for part in day.parts]:
        for default in session.scalars(DEFAULT, {"table": named(session, table).as_string()}):
            connection.exec_driver_sql(f"LOCK TABLE {default} IN SHARE UPDATE EXCLUSIVE MODE")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{before}'")


def swap(session: Session, day: Day) -> None:
    """Move the partitions of a day within the session's transaction."""
    locks = [
        *((LEFT, table) for table in dict.fromkeys(part.source for part in day.parts)),
        *((ENTERED, table) for table in dict.fromkeys(part.target for part in day.parts)),
    ]
    for lock, table in locks:
        statement = sql.SQL(lock).format(table=named(session, table))
        session.connection().exec_driver_sql(statement.as_string())
    for part in day.parts:
        _run(session, SWAPPED, part)
        give_rights(session, part)
        schema = schema_of(session, part.target.partition(".")[0])
        identify(session, part.target, sql.Identifier(schema, part.new_name))


def give_rights(session: Session, part: Part) -> None:
    """Give a partition that has arrived the rights of its table, and no others."""
    schema, _, parent = part.target.partition(".")
    words = {"schema": schema_of(session, schema), "name": part.new_name, "parent": parent}
    if statements := session.scalars(RIGHTS, words).all():
        session.connection().exec_driver_sql("; ".join(statements))


def _run(session: Session, templates: Sequence[str], part: Part, **names: sql.Composable) -> None:
    """Run statements about a partition, in one message; before, while and after it goes."""
    schema = schema_of(session, part.target.partition(".")[0])
    names |= {
        "source": named(session, part.source),
        "target": named(session, part.target),
        "schema": sql.Identifier(schema),
        "partition": sql.Identifier(part.schema, part.name),
        "moved": sql.Identifier(schema, part.name),
        "renamed": sql.Identifier(schema, part.new_name),
        "new_name": sql.Identifier(part.new_name),
        "bounds": sql.Identifier(BOUNDS),
        "lower": sql.Literal(str(part.lower)),
        "upper": sql.Literal(str(part.upper)),
    }
    statements = [sql.SQL(template).format(**names).as_string() for template in templates]
    session.connection().exec_driver_sql("; ".join(statements))
