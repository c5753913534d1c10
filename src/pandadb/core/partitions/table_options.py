"""Options of a table for its partitions that `CREATE TABLE (LIKE …)` leaves out.

These are a tablespace, an access method (PostgreSQL 17), and the replica identity for logical
replication. A partitioned table has no storage parameters; those of columns and indexes are copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text

from pandadb.core.sql.table_columns import named

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.core.sql.transaction import Transaction

LIKE_TABLE = "LIKE {table} INCLUDING ALL EXCLUDING IDENTITY"
"""An identity column's sequence is the table's own: it comes with ATTACH, where there is one."""

TRAITS = text("""
SELECT CAST(c.relreplident AS text) AS identity, a.amname AS method, s.spcname AS space
  FROM pg_class c
  LEFT JOIN pg_am a ON a.oid = c.relam
  LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
 WHERE c.oid = to_regclass(:table)
""")
IDENTITIES = text("""
SELECT CAST(t.relreplident AS text), CAST(p.relreplident AS text) FROM pg_class t, pg_class p
 WHERE t.oid = to_regclass(:table) AND p.oid = to_regclass(:partition)
""")
WORDS = {"d": "DEFAULT", "f": "FULL", "n": "NOTHING"}
IDENTITY = "ALTER TABLE {partition} REPLICA IDENTITY {what}"
INDEX_OPTIONS = """
DO $traits$ BEGIN EXECUTE (
SELECT format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', i.indrelid::regclass, c.relname)
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_inherits h ON h.inhrelid = i.indexrelid
  JOIN pg_index parent ON parent.indexrelid = h.inhparent AND parent.indisreplident
 WHERE i.indrelid = {place}::regclass); END $traits$
"""


@dataclass(frozen=True)
class Traits:
    """The options of a table's partitions."""

    identity: str
    """The replica identity: DEFAULT, FULL, NOTHING, or INDEX, the one that belongs to the table's
    own.
    """
    method: str | None
    """The access method, if the table names one."""
    space: str | None
    """The tablespace, if the table has one of its own."""

    def clause(self) -> sql.Composable:
        """Return the clauses after the columns of CREATE TABLE."""
        method = sql.SQL(" USING {}").format(sql.Identifier(self.method)) if self.method else None
        space = sql.SQL(" TABLESPACE {}").format(sql.Identifier(self.space)) if self.space else None
        return sql.SQL("").join(part for part in (method, space) if part)

    def identify(self, partition: sql.Identifier) -> sql.Composable:
        """Return the statement that sets the replica identity of an attached partition."""
        if self.identity == "INDEX":
            return sql.SQL(INDEX_OPTIONS.strip()).format(place=sql.Literal(partition.as_string()))
        what = sql.SQL(self.identity)
        return sql.SQL(IDENTITY).format(partition=partition, what=what)


def traits(session: Transaction, table: sql.Identifier) -> Traits:
    """Return the options of a table's partitions."""
    row = session.execute(TRAITS, {"table": table.as_string()}).one()
    return Traits(WORDS.get(row.identity, "INDEX"), row.method, row.space)


def identify(session: Session, table: str, partition: sql.Identifier) -> None:
    """Give a partition that is attached the identity of its table, if it has another one."""
    place = named(session, table)
    names = {"table": place.as_string(), "partition": partition.as_string()}
    wanted, has = session.execute(IDENTITIES, names).one()
    if wanted not in WORDS or wanted != has:
        statement = traits(session, place).identify(partition).as_string()
        session.connection().exec_driver_sql(statement, execution_options={"no_parameters": True})
