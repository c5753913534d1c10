"""The engine of a database and its listeners: pre-ping, errors, prepared statements."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError

from pandadb.core.sql import timestamps
from pandadb.database import forks
from pandadb.database.pooler import HINT, PREPARED_TWICE, UNSUPPORTED_PARAMETER, PreparedTwice
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import URL
    from sqlalchemy.pool import ConnectionPoolEntry

TIMEOUTS = ("57014", "55P03")
"""SQLSTATEs of statement and lock timeouts, also while connecting."""

UNKNOWN_PREPARED_STATEMENT = "26000"
"""SQLSTATE of a prepared statement that the server does not have."""

PRE_PING_AFTER = 1.0
"""Seconds of idle time after which a connection is pinged, since a ping takes as long as a short
statement. Work that must survive a restart of the server uses `retrying`.
"""


class DatabaseUnreachable(PandaDBError):
    """A server that does not answer, or rejects the connection."""


def new_engine(
    create: Callable[..., Engine],
    url: URL,
    setting: str,
    begins: tuple[str, Callable[..., None]],
    options: Mapping[str, Any],
    **words: Any,
) -> Engine:
    """Make an engine with listeners on the events of its connections."""
    engine = create(url, **words)
    # before SQLAlchemy queries the server's version, in a transaction
    event.listen(engine, *begins, insert=True)
    event.listen(engine, "connect", forks.register_connection, insert=True)
    event.listen(engine, "connect", lambda new, _: timestamps.register(new))
    event.listen(engine, "handle_error", partial(_unreachable, setting))
    event.listen(engine, "handle_error", _outdated)
    event.listen(engine, "checkin", _put_back)
    event.listen(engine, "checkout", _ping)
    engine.update_execution_options(**options)
    return engine


def _put_back(connection: Any, record: ConnectionPoolEntry) -> None:
    """Note the time; have a connection replaced that was closed for a cancelled task."""
    record.info["used"] = time.monotonic()
    if connection is not None and connection.closed:
        record.invalidate()


def _ping(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """Pre-ping: let the pool replace a connection that died while idle.

    The ping rolls no transaction back: psycopg would discard its prepared statements.
    """
    used = record.info.get("used")
    if used is None or time.monotonic() - used < PRE_PING_AFTER:
        return
    usual = connection.autocommit
    try:
        connection.autocommit = True
        connection.execute("")
        connection.autocommit = usual
    except psycopg.Error as error:
        raise InvalidatePoolError from error


def _unreachable(setting: str, context: Any) -> None:
    """Turn a failure to connect into a sentence; the server's message has no password in it."""
    error = context.original_exception
    if context.connection is not None or not isinstance(context.sqlalchemy_exception, DBAPIError):
        return
    if getattr(error, "sqlstate", None) in TIMEOUTS:
        return
    url = context.engine.url
    said = " ".join(str(error).split()).rstrip(".?")
    hint = (
        HINT if UNSUPPORTED_PARAMETER in said else f"Is {setting} right, and does the server run?"
    )
    raise DatabaseUnreachable(
        f"The database {url.database!r} on {_place(url)} cannot be used: {said}. {hint}"
    ) from None


def _outdated(context: Any) -> None:
    """Invalidate the connection if the server rejects a prepared statement; psycopg would keep it.

    Its table has changed, so it would return other types; or the server no longer has it.
    """
    error = context.original_exception
    if not isinstance(error, psycopg.Error):
        return
    if error.sqlstate == PREPARED_TWICE:
        raise PreparedTwice from None
    if (
        error.sqlstate == UNKNOWN_PREPARED_STATEMENT
        or error.diag.source_function == "RevalidateCachedQuery"
    ):
        context.is_disconnect = True


def _place(url: URL) -> str:
    if url.host:
        return f"{url.host}:{url.port or 5432}"
    hosts = url.query.get("host", "the local socket")
    return hosts if isinstance(hosts, str) else ", ".join(hosts)
