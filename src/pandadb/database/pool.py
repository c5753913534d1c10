"""The pool of a process: its size, and the isolation level of its connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.pool import QueuePool
from typing_extensions import override

from pandadb.core.sql.psycopg_connection import driver_of
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection
    from sqlalchemy.pool import PoolProxiedConnection

ALL_THAT_IS_COMMITTED = "READ COMMITTED"
"""The isolation level of all work: after waiting for a lock a statement sees the committed changes.
"""


class PoolExhausted(PandaDBError):
    """All connections that a process may have are in use."""


class Pool(QueuePool):
    """SQLAlchemy's pool, with an error of ours when it is exhausted."""

    @override
    def connect(self) -> PoolProxiedConnection:
        try:
            return super().connect()
        except NoneFree:
            raise PoolExhausted(
                f"All {self.size() + self._max_overflow} connections that this process may have to "
                f"the database are in use, and none was free within {self.timeout():g} s: end "
                "sessions that are open, or raise PANDADB_POOL_SIZE"
            ) from None


def check_isolation(options: Mapping[str, Any]) -> None:
    """Reject isolation levels that a whole `Database` cannot have.

    Raises:
        ValueError: With it a dry run would commit, or concurrent commits would be invisible.
    """
    level = options.get("isolation_level")
    if level is None:
        return
    name = str(level).upper().replace("_", " ")
    if name == "AUTOCOMMIT":
        raise ValueError(f"isolation_level {level!r} leaves nothing to undo of a dry run")
    if name != ALL_THAT_IS_COMMITTED:
        raise ValueError(
            f"isolation_level {level!r} is not for a whole Database: after a wait for a lock, "
            "a statement has to see concurrent commits. Give it to one transaction: "
            "session.connection(execution_options={'isolation_level': …})"
        )


def check_undoable(connection: Connection) -> None:
    """Reject a dry run on a connection in autocommit mode.

    Raises:
        ValueError: An event of SQLAlchemy's has set the connection to AUTOCOMMIT.
    """
    if driver_of(connection).autocommit:
        check_isolation({"isolation_level": "AUTOCOMMIT"})
