"""The connection to a database: engine, pool, session settings, poolers and forks."""

from pandadb.database.connection import Database, session_of
from pandadb.database.engine import DatabaseUnreachable

__all__ = ["Database", "DatabaseUnreachable", "session_of"]
