"""The connection to a database: engine, pool, session settings, poolers and forks."""

from pandadb.database.connection import Database, DatabaseUnreachable, session_of

__all__ = ["Database", "DatabaseUnreachable", "session_of"]
