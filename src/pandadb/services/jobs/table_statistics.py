"""Statistics of a table of jobs after many jobs have been inserted at once.

Without them the planner expects an empty table: until autovacuum has run, each dispatch reads all
of JOBSACTIVE4, and `activate` all of JOBSDEFINED4 for each job. An error here never undoes or fails
the verb before.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Column, text
from sqlalchemy.exc import DBAPIError

from pandadb.core.sql.table_columns import named

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pandadb.database import Database
    from pandadb.models.jobs.all_tables import JobTable

ROWS_WORTH_ANALYZE = 1000
"""Fewer jobs are found quickly whatever the plan."""
PART = 0.1
"""The fraction of new rows that makes ANALYZE worth it: autovacuum uses the same."""
ROWS = text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)")


def refresh(database: Database, table: JobTable, more: int) -> None:
    """Analyze a table of jobs if so many more are a large part of it.

    That is a transaction by itself, after the one that has brought the jobs. It does not wait for
    locks, and is left to autovacuum where the role may not.
    """
    if more < ROWS_WORTH_ANALYZE:
        return
    try:
        with database.transaction() as connection:
            _analyze(connection, table, more)
    except DBAPIError:
        return  # a timeout, say: the jobs are there all the same


def _analyze(connection: Connection, table: JobTable, more: int) -> None:
    name = named(connection, str(table.__table__)).as_string()
    rows = connection.scalar(ROWS, {"name": name}) or 0
    if more >= PART * rows:
        # Nothing is lost with statistics, so that the commit need not wait for the disk.
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        connection.execute(text(f"ANALYZE (SKIP_LOCKED) {name}{_columns(table)}"))


@cache
def _columns(table: JobTable) -> str:
    """Return the columns that indexes have: plans go by them, and all 130 take four times as long.

    Where an index has expressions it is all of them: PostgreSQL looks at expressions only then.
    """
    indexes = table.__table__.indexes
    if any(not isinstance(one, Column) for index in indexes for one in index.expressions):
        return ""
    return f" ({', '.join(sorted({c.name for index in indexes for c in index.columns}))})"
