"""SQLAlchemy's asyncio on psycopg: a connection that waits for its server in the event loop.

psycopg's `Connection` waits in one method, and its asynchronous twin differs only by waiting in
another way. So here is a `Connection` that hands its waits to the loop: cursors, COPY, autocommit
and prepared statements are those of synchronous programs, in the same code. SQLAlchemy's own
adapter of `AsyncConnection` has none of these.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg.waiting import wait_async
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from typing_extensions import override

from pandadb.database.bridge import await_, in_bridge
from pandadb.database.connection import Database
from pandadb.database.fair_queue import FairQueue
from pandadb.database.pool import Pool

if TYPE_CHECKING:
    from types import TracebackType

    from psycopg.abc import PQGen
    from sqlalchemy import URL, Engine
    from sqlalchemy.pool import ConnectionPoolEntry
    from sqlalchemy.util.queue import QueueCommon

DRIVER = "pandadb_async"
INTERVAL = 0.1
CANCEL_TIMEOUT = 5.0
"""Seconds for the server to end a statement whose task is cancelled; psycopg has as many."""


class AwaitingCursor(psycopg.Cursor[TupleRow]):
    """A cursor that SQLAlchemy's `AsyncConnection` can take rows from."""

    async def _async_soft_close(self) -> None:
        """Close nothing: the rows are here already. SQLAlchemy awaits it after a statement."""


class OneAtATime:
    """The lock of a connection: a second task is refused, since a wait for it would block the loop.

    Raises:
        InterfaceError: Another task is in the middle of a statement.
    """

    def __init__(self) -> None:
        self._taken = False

    def __enter__(self) -> None:
        if self._taken:
            raise psycopg.InterfaceError(
                "another task is in the middle of a statement of this connection: give each task "
                "a session or transaction of its own"
            )
        self._taken = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._taken = False


class AwaitingConnection(psycopg.Connection[TupleRow]):
    """psycopg's connection, with waits in the event loop; outside of a loop they block."""

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self.lock: Any = OneAtATime()
        self.cursor_factory = AwaitingCursor
        self._abandoned = False

    @classmethod
    @override
    def connect(cls, conninfo: str = "", **words: Any) -> Self:
        """Connect to a server, as `psycopg.AsyncConnection.connect` does."""
        if not in_bridge():
            return super().connect(conninfo, **words)
        return await_(cls._connected(conninfo, words))

    @classmethod
    async def _connected(cls, conninfo: str, words: dict[str, Any]) -> Self:
        opened = await psycopg.AsyncConnection.connect(conninfo, **words)
        connection = cls(opened.pgconn)
        connection._autocommit = opened._autocommit
        connection._adapters = opened._adapters
        connection.prepare_threshold = opened.prepare_threshold
        del opened.pgconn  # it has another owner now, which closes it
        return connection

    @override
    def wait(self, gen: PQGen[Any], *words: Any, **named: Any) -> Any:
        """Consume a generator of psycopg, which yields where it has to wait for the server.

        If the task is cancelled meanwhile, the server is asked to end the statement. Then the
        connection is good for a ROLLBACK; or it is closed, as in the middle of a COPY.

        Raises:
            CancelledError: The task was cancelled, now or when the connection was closed for it.
        """
        if not in_bridge():
            return super().wait(gen, *words, **named)
        if self._abandoned:
            raise asyncio.CancelledError
        if not words:
            named.setdefault("interval", INTERVAL)
        try:
            return await_(wait_async(gen, self.pgconn.socket, *words, **named))
        except asyncio.CancelledError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                await_(self._end_statement(gen))
            raise
        except (GeneratorExit, KeyboardInterrupt, SystemExit):  # the loop has ended
            self._abandon()
            raise

    @override
    def rollback(self) -> None:
        """Roll back; the server has done so if the connection was closed for a cancellation."""
        if not self._abandoned:
            super().rollback()

    def _abandon(self) -> None:
        """Close the connection without a wait: the server rolls back."""
        self._abandoned = True
        self.pgconn.finish()

    async def _end_statement(self, gen: PQGen[Any]) -> None:
        """Have the server end its statement; abandon the connection if it has not for that reason.

        Otherwise the request could reach the server late, and end the next statement.

        Raises:
            CancelledError: The task is cancelled again.
        """
        is_ended = False
        try:
            async with asyncio.timeout(CANCEL_TIMEOUT):
                await psycopg.AsyncConnection.cancel_safe(self)  # type: ignore[arg-type]
                await wait_async(gen, self.pgconn.socket, INTERVAL)
        except psycopg.errors.QueryCanceled:
            is_ended = True
        except (psycopg.Error, OSError):
            pass  # the error to raise is the cancellation
        finally:
            if not is_ended:
                self._abandon()


class AwaitingDialect(PGDialect_psycopg):
    """SQLAlchemy's dialect of psycopg, on connections that wait in the event loop."""

    is_async = True
    has_terminate = True
    supports_statement_cache = True

    @classmethod
    @override
    def get_async_dialect_cls(cls, url: URL) -> type[AwaitingDialect]:
        return cls

    @override
    def connect(self, *words: Any, **named: Any) -> Any:
        return AwaitingConnection.connect(*words, **named)


class AwaitingPool(Pool, AsyncAdaptedQueuePool):
    """The pool of an event loop: a task waits for a free connection, and the others go on."""

    _queue_class: type[QueueCommon[ConnectionPoolEntry]] = FairQueue


class AwaitingDatabase(Database):
    """A database for functions that run in the bridge: they wait in the event loop."""

    pool_class = AwaitingPool

    @staticmethod
    @override
    def create_engine(url: URL, **words: Any) -> Engine:
        return create_async_engine(url.set(drivername=f"postgresql+{DRIVER}"), **words).sync_engine


registry.register(f"postgresql.{DRIVER}", __name__, AwaitingDialect.__name__)
