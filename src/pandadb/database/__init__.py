"""The connection to a database: engine, pool, session settings, poolers and forks."""

from pandadb.database.connection import Database, session_of
from pandadb.database.engine import DatabaseUnreachable
from pandadb.database.pool import PoolExhausted

__all__ = ["Database", "DatabaseUnreachable", "PoolExhausted", "session_of"]
