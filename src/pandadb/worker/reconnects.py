"""Calls that go on when the database comes back: after restarts and lost connections."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree

from pandadb.core.jobs.refusals import JobsLocked
from pandadb.database import DatabaseUnreachable
from pandadb.database.pool import PoolExhausted
from pandadb.errors import sqlstate

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sqlalchemy.pool import ConnectionPoolEntry

    from pandadb.database import Database

Result = TypeVar("Result")
logger = logging.getLogger("pandadb.worker")

IDLE_LIMIT = "pandadb idle limit"
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
PASSING = ("08", "25P03", "25P04", "40", "53", "55", "57")
"""Beginnings of SQLSTATEs of errors that pass: connection, rollback, resources, locks, operator."""


def is_passing(error: Exception) -> bool:
    """Return whether a call may succeed later: the server restarts, or a lock was not free."""
    if isinstance(error, DatabaseUnreachable | JobsLocked | NoneFree | PoolExhausted):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = sqlstate(error)
    if state is None:  # of the connection
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return error.connection_invalidated or state.startswith(PASSING)


def limit_idle_transactions(database: Database, seconds: float) -> None:
    """Let the server end transactions of this process that are idle for so many seconds.

    A process that was stopped in a transaction would keep its locks on leases for ever. Behind a
    pooler sessions are shared, and it is the pooler's part.
    """
    if database.pooler:
        return
    value = sql.Literal(f"{max(1, round(seconds * 1000))}ms")
    statement = sql.SQL("SET idle_in_transaction_session_timeout = {}").format(value)

    def set_timeout(connection: psycopg.Connection, record: ConnectionPoolEntry, _: Any) -> None:
        if record.info.get(IDLE_LIMIT) == seconds:
            return
        try:
            connection.autocommit = True
            connection.execute(statement, prepare=False)
            connection.autocommit = False
        except psycopg.Error as error:
            raise DisconnectionError from error  # the pool connects again
        record.info[IDLE_LIMIT] = seconds

    event.listen(database.engine, "checkout", set_timeout)


def pause_after(failures: int) -> float:
    """Return the seconds to wait after so many failures: doubled each time, with a jitter."""
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 20))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter


def persist(what: str, call: Callable[[], Result], wait: Callable[[float], bool]) -> Result | None:
    """Return the result of a call, repeated until no passing error ends it.

    A call whose commit was lost is repeated, too: that is harmless under a fencing token, as a
    lease that has been ended is lost. `wait` sleeps, and returns True to give up: the result is
    None then.
    """
    failures = 0
    while True:
        try:
            return call()
        except Exception as error:
            if not is_passing(error):
                raise
            failures += 1
            if failures == 1:
                logger.warning("%s: %s; it is tried again", what, first_line(error))
            if wait(pause_after(failures)):
                return None


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, without the statement."""
    text = str(getattr(error, "orig", None) or error)
    return text.strip().partition("\n")[0] or type(error).__name__
