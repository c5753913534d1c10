"""The connection to a database: engine, sessions, and lost connections.

No other module connects.
"""

from __future__ import annotations

import math
import time
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self

import psycopg
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import Session
from typing_extensions import override

from pandadb import embedded, session_settings
from pandadb.config import Settings, SettingsError, load_settings, sqlalchemy_url
from pandadb.core.sql import timestamps
from pandadb.core.sql.psycopg_connection import autocommitting
from pandadb.database import forks
from pandadb.database.pool import ALL_THAT_IS_COMMITTED, Pool, check_isolation
from pandadb.database.pooler import (
    HINT,
    PREPARED_TWICE,
    UNSUPPORTED_PARAMETER,
    PoolerInTheWay,
    PreparedTwice,
    begin,
)
from pandadb.database.retry import Result, backoff, retry
from pandadb.errors import PandaDBError, sqlstate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from sqlalchemy import URL, Connection
    from sqlalchemy.pool import ConnectionPoolEntry

TRANSIENT_ERRORS = ("40001", "40P01", "57P01", "57P02", "57P03")
"""SQLSTATEs that another try may cure: serialization failure, deadlock, server going down or up."""

TIMEOUTS = ("57014", "55P03")
"""SQLSTATEs of a statement that took too long: those of connecting are no different."""

UNKNOWN_PREPARED_STATEMENT = "26000"
"""SQLSTATE of a prepared statement that the server does not know."""

PRE_PING_AFTER = 1.0
"""Seconds after its last use for which a connection is not pinged, since a ping takes as long as a
short statement. Work that must survive a restart of the server uses `retrying`.
"""

SECRETS = ("sslpassword", "oauth_client_secret")
"""Words of a URL that SQLAlchemy would show with it."""


class DatabaseUnreachable(PandaDBError):
    """A server that does not answer, or does not let us in."""


class Database:
    """One database, for as long as the object lives; it can be used as a context manager.

    A process may fork: a child has connections of its own, and none that were open at the fork.

    Every connection works in UTC and UTF-8, says who it is, and has the timeouts (seconds, 0 for
    none) and `session_settings`, set by its first message, whatever its role or database says.
    Behind a `pooler` of transactions, such as PgBouncer in that mode, they are set by the first
    message of each transaction, nothing is prepared, and what needs a session goes to `direct_url`.
    What else is given is for `sqlalchemy.create_engine`.

    Raises:
        ValueError: Each statement is to be committed by itself, so that nothing could be undone, or
            what others commit is not to be seen.
    """

    def __init__(
        self,
        url: str | URL,
        *,
        application_name: str = "pandadb",
        statement_timeout: float = 0,
        lock_timeout: float = 0,
        schemas: Mapping[str, str] | None = None,
        waiting_table: str = "jobswaiting4",
        setting: str = "PANDADB_URL",
        pooler: Literal["transaction"] | None = None,
        direct_url: str | None = None,
        **engine: Any,
    ) -> None:
        url = sqlalchemy_url(
            url if isinstance(url, str) else url.render_as_string(hide_password=False)
        )
        given = url.query.get("options", "")
        given = given if isinstance(given, str) else " ".join(given)
        if pooler and given:
            raise SettingsError(f"The database URL has options, which a pooler drops: {given}")
        timeouts = {
            "statement_timeout": f"{math.ceil(statement_timeout * 1000)}",
            "lock_timeout": f"{math.ceil(lock_timeout * 1000)}",
        }
        check_isolation(engine)
        check_isolation(engine.get("execution_options", {}))
        if not engine.keys() & {"pool", "poolclass"}:
            engine["poolclass"] = Pool
        words = {
            **{name: url.query[name] for name in SECRETS if name in url.query},
            **_prepare_threshold(url),
            "application_name": application_name,
            "client_encoding": "utf8",  # an SQL_ASCII database would answer in bytes
        }
        if pooler:
            words["prepare_threshold"] = None
            kept = {"isolation_level": ALL_THAT_IS_COMMITTED}
            begins = ("begin", partial(begin, session_settings.of_transaction(**timeouts)))
        else:
            words["options"] = session_settings.options(given, **timeouts)
            kept = {}
            begins = ("connect", partial(_complete, given))
        self._open = partial(
            _engine,
            url.difference_update_query(["options", "prepare_threshold", *SECRETS]),
            setting,
            begins,
            {"waiting_table": waiting_table, **_translated(schemas)},
            connect_args=words,
            **{**engine, **kept},
        )
        self.engine: Engine = self._open()
        self.pooler = pooler
        self._direct = None
        if pooler and direct_url:
            self._direct = type(self)(
                direct_url,
                application_name=application_name,
                statement_timeout=statement_timeout,
                lock_timeout=lock_timeout,
                schemas=schemas,
                waiting_table=waiting_table,
                setting="PANDADB_DIRECT_URL",
                **engine,
            )
        forks.register(self)

    @classmethod
    def from_settings(cls, settings: Settings | None = None, **engine: Any) -> Self:
        """Return the database of the settings; the embedded one if they name none.

        Words for `sqlalchemy.create_engine`, such as `pool_size`, override the settings.

        Raises:
            SettingsError: A setting is unknown or malformed.
            EmbeddedMissing: There is no URL, and no private PostgreSQL either.
        """
        settings = settings or load_settings()
        url = settings.server_url()
        if url is None:
            return cls.private(settings, **engine)
        direct = settings.direct_url.get_secret_value() if settings.direct_url else None
        words = {"pooler": settings.pooler, "direct_url": direct, **engine}
        return cls._with(url, settings, **words)

    @classmethod
    def of_archive(cls, settings: Settings | None = None, **engine: Any) -> Self | None:
        """Return the database that is the archive; None if the settings name none.

        Raises:
            SettingsError: A setting is unknown or malformed.
        """
        settings = settings or load_settings()
        if settings.archive_url is None:
            return None
        url = settings.archive_url.get_secret_value()
        return cls._with(url, settings, setting="PANDADB_ARCHIVE_URL", **engine)

    @classmethod
    def private(cls, settings: Settings | None = None, **engine: Any) -> Self:
        """Return the embedded database, whatever URL the settings have."""
        settings = settings or load_settings()
        return cls._with(embedded.start(settings.data_dir), settings, **engine)

    @classmethod
    def _with(cls, url: str, settings: Settings, **words: Any) -> Self:
        pool = {} if words.keys() & {"pool", "poolclass"} else settings.pool()
        return cls(
            url,
            application_name=settings.application_name,
            statement_timeout=settings.statement_timeout,
            lock_timeout=settings.lock_timeout,
            schemas=settings.schemas,
            waiting_table=settings.waiting_table,
            **{**pool, **words},
        )

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session for one transaction: committed at the end, undone by an exception."""
        check_isolation(self.engine.get_execution_options())
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def transaction(self, *, at_once: bool = False) -> Iterator[Connection]:
        """Open a transaction like that of a session, without a session's identity map.

        With `at_once` one statement is a transaction by itself: BEGIN and COMMIT are not sent.
        Behind a pooler they are, since each transaction is given its settings.
        """
        check_isolation(self.engine.get_execution_options())
        alone = autocommitting if at_once and not self.pooler else nullcontext
        with self.engine.connect() as connection, alone(connection):
            yield connection
            connection.commit()

    def direct(self, what: str) -> Database:
        """Return the database for work that needs a session of the server for itself.

        That is this one, or behind a pooler the one of the URL that goes past it.

        Raises:
            PoolerInTheWay: There is no such URL; the sentence names the work, `what`.
        """
        if self.pooler and self._direct is None:
            raise PoolerInTheWay(what)
        return self._direct or self

    def retrying(
        self, work: Callable[[Session], Result], *, attempts: int = 5, pause: float = 0.1
    ) -> Result:
        """Do work in a transaction, and again in a new one when that may help.

        That is after a serialization failure, a deadlock or a lost connection. The pause between
        the attempts doubles, from `pause` seconds. Work is done from its beginning each time; what
        it does outside of the database has to bear that. So has the database when the connection is
        lost in the very commit, which may have happened: work should look before it adds.
        """
        if attempts < 1:
            raise ValueError(f"attempts has to be 1 or more, not {attempts}")

        def attempt(_: int) -> Result:
            with self.session() as session:
                return work(session)

        return retry(attempt, self._is_passing, backoff(pause, attempts - 1))

    def _is_passing(self, error: Exception) -> bool:
        if isinstance(error, DatabaseUnreachable):  # worth waiting for only if it was there before
            return self._is_initialized()
        if not isinstance(error, DBAPIError):
            return False
        state = sqlstate(error) or ""
        return error.connection_invalidated or state in TRANSIENT_ERRORS or state.startswith("08")

    def libpq_url(self, *, hint: bool = True) -> str:
        """Return the URL as psql and other programs read it, with *** as a hint at its password."""
        url = self.engine.url.set(drivername="postgresql")
        url = url if hint else url._replace(password=None)
        _, words = self.engine.dialect.create_connect_args(url)
        if url.query.get("host") and "port" in words:  # SQLAlchemy's own spelling is host=a:1
            url = url.set(port=None)
            url = url.update_query_dict({"host": words["host"], "port": str(words["port"])})
        place, mark, query = url.render_as_string().replace(" ", "%20").partition("?")
        return place + mark + query.replace("+", "%20").replace("%2C", ",")

    def ping(self) -> None:
        """Ask the server whether it is there.

        Raises:
            DatabaseUnreachable: It is not, or it does not let us in.
        """
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        if self._direct is not None:
            self._direct.close()

    def forget(self) -> None:
        """Begin with an empty pool, and leave its connections to the process that has them."""
        if self._is_initialized():
            self.engine.dispose(close=False)
        else:  # a thread may have been at it, which will not go on here
            self.engine = self._open()

    def _is_initialized(self) -> bool:
        """Return whether it was ever connected to its server."""
        return getattr(self.engine.dialect, "server_version_info", None) is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @override
    def __repr__(self) -> str:
        return f"Database({self.engine.url.render_as_string()!r})"


@contextmanager
def session_of(database: Database | None) -> Iterator[Session | None]:
    """Open a session of a database if there is one, such as another one that is the archive."""
    if database is None:
        yield None
        return
    with database.session() as session:
        yield session


def _engine(
    url: URL,
    setting: str,
    begins: tuple[str, Callable[..., None]],
    options: Mapping[str, Any],
    **words: Any,
) -> Engine:
    """Make an engine with listeners on the events of its connections."""
    engine = create_engine(url, **words)
    # before SQLAlchemy asks the server what it is, in a transaction
    event.listen(engine, *begins, insert=True)
    event.listen(engine, "connect", forks.register_connection, insert=True)
    event.listen(engine, "connect", lambda new, _: timestamps.register(new))
    event.listen(engine, "handle_error", partial(_unreachable, setting))
    event.listen(engine, "handle_error", _outdated)
    event.listen(engine, "checkin", _put_back)
    event.listen(engine, "checkout", _ping)
    engine.update_execution_options(**options)
    return engine


def _complete(given: str, connection: psycopg.Connection, _: Any) -> None:
    session_settings.complete(connection, given)


def _translated(schemas: Mapping[str, str] | None) -> dict[str, Any]:
    return {"schema_translate_map": dict(schemas)} if schemas else {}


def _prepare_threshold(url: URL) -> dict[str, int | None]:
    """Return the driver's own word of a URL as it wants it: a number, or None for never."""
    value = str(url.query.get("prepare_threshold", ""))
    return {"prepare_threshold": None if value == "none" else int(value)} if value else {}


def _put_back(_: Any, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


def _ping(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """Pre-ping: let the pool replace a connection that is dead after some time without use.

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
    """Have the pool connect anew if the server refuses a prepared statement: psycopg would go on.

    Its table has changed since, so it would return other types; or the server has forgotten it.
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
