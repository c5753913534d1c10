"""Statistics of JOBSACTIVE4 after many jobs have come at once.

Without them the planner expects no activated job, and reads the whole table at each dispatch until
autovacuum has been there. Nothing here may undo or fail what has been done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pandadb.core.columns import named
from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pandadb.database import Database

MANY = 1000
"""Fewer jobs are found quickly whatever the plan."""
PART = 0.1
"""What part of the table has to be new: autovacuum looks at the same."""
ROWS = text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)")


def refresh(database: Database, more: int) -> None:
    """Analyze JOBSACTIVE4 if so many more jobs are a large part of it.

    That is a transaction by itself, after the one that has brought the jobs. It does not wait for
    locks, and is left to autovacuum where the role may not.
    """
    if more < MANY:
        return
    try:
        with database.transaction() as connection:
            _analyze(connection, more)
    except DBAPIError:
        return  # a timeout, say: the jobs are there all the same


def _analyze(connection: Connection, more: int) -> None:
    name = named(connection, str(JobsActive4.__table__)).as_string()
    rows = connection.scalar(ROWS, {"name": name}) or 0
    if more >= PART * rows:
        connection.execute(text(f"ANALYZE (SKIP_LOCKED) {name}"))
