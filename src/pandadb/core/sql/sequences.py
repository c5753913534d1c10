"""Sequences, and the columns that take their numbers: no number may be given twice.

A sequence can be behind its tables: after a restore of the tables alone, after a failover to a
logical replica, to which sequences are not copied, or after rows with numbers of their own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from psycopg import sql
from sqlalchemy import DefaultClause, text
from sqlalchemy import Sequence as DatabaseSequence
from sqlalchemy.sql.functions import next_value
from typing_extensions import override

from pandadb.core.sql.spool import in_batches
from pandadb.core.sql.table_columns import named
from pandadb.core.sql.time_range import released
from pandadb.models import (
    Base,
    JediTasks,
    JediWorkQueue,
    JobLease,
    Outbox,
    OutboxArch,
    ProxyKey,
    RetryActions,
    RetryErrors,
)
from pandadb.models.errors import RETRYACTIONS_SEQ, RETRYERRORS_SEQ
from pandadb.models.queues import JEDI_WORK_QUEUE_SEQ
from pandadb.models.schemas.control import JOB_LEASE_TOKEN_SEQ
from pandadb.models.schemas.deft import PRODSYS2_TASK_SEQ
from pandadb.models.schemas.meta import PROXYKEY_SEQ

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Column

    from pandadb.core.sql.transaction import Transaction

FOREIGN_USES: tuple[tuple[DatabaseSequence, Any], ...] = (
    (PRODSYS2_TASK_SEQ, JediTasks.jeditaskid),
    (JEDI_WORK_QUEUE_SEQ, JediWorkQueue.queue_id),
    (RETRYACTIONS_SEQ, RetryActions.retryaction_id),
    (RETRYERRORS_SEQ, RetryErrors.retryerror_id),
    (PROXYKEY_SEQ, ProxyKey.id),
    (JOB_LEASE_TOKEN_SEQ, JobLease.token),
)
"""Columns without a default that get their numbers from a sequence all the same: semantics 10."""

ALSO: dict[Any, tuple[Any, ...]] = {Outbox.__table__.c.event_id: (OutboxArch.__table__.c.event_id,)}
"""Columns with numbers of an identity column of another table: its rows were there before."""

GROUP = 16
"""Partitions for one statement, so that few locks are held."""
LARGEST = 10**15
"""A number above it comes from no sequence: it is a slip that must not use up the others."""
SMALL_TABLE = 20_000
"""Pages of a table that is read for its highest number where there is no index."""

PLACES = text("""
SELECT n.nspname AS schema, c.relname AS name, c.relpages AS pages,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid
                  AND i.indpred IS NULL AND i.indkey[0] = a.attnum) AS indexed
  FROM (SELECT to_regclass(:table) UNION SELECT relid FROM pg_partition_tree(to_regclass(:table)))
       AS part (relid)
  JOIN pg_class c ON c.oid = part.relid AND c.relkind = 'r'
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = :column
 WHERE has_column_privilege(c.oid, a.attnum, 'SELECT')
 ORDER BY c.relname
""")
IDENTITY = text("""
SELECT n.nspname || '.' || c.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = pg_get_serial_sequence(:table, :column)::regclass
""")
READABLE = text("SELECT has_sequence_privilege(to_regclass(:name), 'SELECT')")


@dataclass(frozen=True)
class Behind:
    """A sequence that is behind: a table has its next number already, or a higher one."""

    sequence: str
    next: int
    """The number that the sequence would give."""
    table: str
    """Where the highest number is: a table or a partition."""
    column: str
    highest: int

    @override
    def __str__(self) -> str:
        """Return it as one line."""
        return (
            f"sequence {self.sequence} gives {self.next} next, but {self.table}.{self.column} is at"
            f" {self.highest}: pandadb db fix-sequences"
        )


@cache
def fed() -> dict[str, tuple[Column[Any], ...]]:
    """Return the columns that each sequence of the models gives numbers to, by its full name."""
    found: dict[str, list[Column[Any]]] = defaultdict(list)
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if sequence := _default(column):
                found[f"{sequence.schema}.{sequence.name}"].append(column)
    for sequence, attribute in FOREIGN_USES:
        found[f"{sequence.schema}.{sequence.name}"].append(attribute.property.columns[0])
    return {name: tuple(columns) for name, columns in found.items()}


def _default(column: Column[Any]) -> DatabaseSequence | None:
    """Return the sequence that a column's default draws from."""
    if isinstance(column.default, DatabaseSequence):
        return column.default
    clause = column.server_default
    if isinstance(clause, DefaultClause) and isinstance(clause.arg, next_value):
        sequence: DatabaseSequence = clause.arg.sequence
        return sequence
    return None


def behind(session: Transaction, *, thorough: bool = False) -> list[Behind]:
    """Return the sequences that are behind a table; those that the role may not read are left out.

    Without an index only small tables are read, unless it is `thorough`. Each partition is read by
    itself and gives back its lock.
    """
    given = ((named(session, name), columns) for name, columns in fed().items())
    each = (_behind(session, *one, thorough=thorough) for one in chain(given, _identities(session)))
    return sorted(filter(None, each), key=lambda found: found.sequence)


def _identities(session: Transaction) -> Iterator[tuple[sql.Identifier, tuple[Column[Any], ...]]]:
    """Return the sequences of identity columns, which have no names in the models."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.identity is not None:
                name = named(session, str(table)).as_string()
                if not session.scalar(text("SELECT to_regclass(:name)"), {"name": name}):
                    continue
                found = session.scalar(IDENTITY, {"table": name, "column": column.name})
                if found:
                    others = ALSO.get(column, ())
                    yield sql.Identifier(*str(found).split(".", 1)), (column, *others)


def _behind(
    session: Transaction,
    sequence: sql.Identifier,
    columns: Sequence[Column[Any]],
    *,
    thorough: bool,
) -> Behind | None:
    name = sequence.as_string()
    if not session.scalar(READABLE, {"name": name}):
        return None
    query = f"SELECT last_value + is_called::int FROM {name}"  # noqa: S608 - quoted
    following = int(session.scalar(text(query)) or 0)
    highest = [
        (number, place, column.name)
        for column in columns
        for place, number in _highest(session, column, thorough=thorough)
        if number >= following
    ]
    if not highest:
        return None
    number, place, column_name = max(highest)
    return Behind(name.replace('"', ""), following, place, column_name, number)


def _highest(
    session: Transaction, column: Column[Any], *, thorough: bool
) -> Iterator[tuple[str, int]]:
    """Return the highest number in each part of a table."""
    table = named(session, str(column.table)).as_string()
    found = session.execute(PLACES, {"table": table, "column": column.name}).all()
    parts = [one for one in found if thorough or one.indexed or one.pages <= SMALL_TABLE]
    for batch in in_batches(parts, GROUP):
        query = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {}::text, max({column}) FROM {} WHERE {column} <= {}").format(
                sql.Literal(f"{one.schema}.{one.name}"),
                sql.Identifier(one.schema, one.name),
                sql.Literal(LARGEST),
                column=sql.Identifier(column.name),
            )
            for one in batch
        )
        with released(session) as connection:
            rows = connection.exec_driver_sql(query.as_string().replace("%", "%%")).all()
        yield from ((place, int(number)) for place, number in rows if number is not None)


def raise_to(session: Transaction, sequence: str, highest: int) -> None:
    """Let a sequence go on above a number, if it is not beyond already.

    Sessions that have drawn numbers before may have some left that lie below, as many as the
    sequence's `CACHE`: they have to connect anew.
    """
    name = named(session, sequence).as_string()
    query = (
        f"SELECT setval(CAST(:name AS regclass), :highest) FROM {name}"  # noqa: S608 - quoted
        " WHERE last_value < :highest OR (last_value = :highest AND NOT is_called)"
    )
    session.execute(text(query), {"name": name, "highest": highest})
