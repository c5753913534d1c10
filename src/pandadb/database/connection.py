"""The connection to a database: engine, sessions, and lost connections.

No other module connects.
"""

from __future__ import annotations

import math
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from typing_extensions import override

from pandadb import embedded, session_settings
from pandadb.config import Settings, SettingsError, load_settings, sqlalchemy_url
from pandadb.core.sql.psycopg_connection import autocommitting, begin_by_index
from pandadb.database import forks
from pandadb.database.engine import DatabaseUnreachable, new_engine
from pandadb.database.pool import ALL_THAT_IS_COMMITTED, Pool, check_isolation
from pandadb.database.pooler import (
    PoolerInTheWay,
    begin,
)
from pandadb.database.retry import Result, backoff, retry
from pandadb.errors import sqlstate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    import psycopg
    from sqlalchemy import URL, Connection

TRANSIENT_ERRORS = ("40001", "40P01", "57P01", "57P02", "57P03")
"""SQLSTATEs worth a retry: serialization failure, deadlock, server shutting down or starting."""

SECRETS = ("sslpassword", "oauth_client_secret")
"""Parameters of a URL that SQLAlchemy would not mask."""


class Database:
    """A database with its connection pool; also a context manager that closes it.

    It is fork-safe: a child process opens connections of its own, and uses none of its parent.

    Every connection works in UTC and UTF-8, has an application name, the timeouts (seconds, 0 for
    none) and `session_settings`, set by its first message; they override those of role and
    database. With `pooler="transaction"`, such as PgBouncer in that mode, they are set by the first
    message of each transaction, nothing is prepared, and work that needs a session goes to
    `direct_url`. Other arguments are for `sqlalchemy.create_engine`.

    Raises:
        ValueError: The isolation level is AUTOCOMMIT, so that nothing could be undone, or hides
            changes that other sessions commit meanwhile.
    """

    pool_class: ClassVar[type[Pool]] = Pool

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
            raise SettingsError(f"The database URL has options that a pooler drops: {given}")
        timeouts = {
            "statement_timeout": f"{math.ceil(statement_timeout * 1000)}",
            "lock_timeout": f"{math.ceil(lock_timeout * 1000)}",
        }
        check_isolation(engine)
        check_isolation(engine.get("execution_options", {}))
        if not engine.keys() & {"pool", "poolclass"}:
            engine["poolclass"] = self.pool_class
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
            new_engine,
            self.create_engine,
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

    @staticmethod
    def create_engine(url: URL, **words: Any) -> Engine:
        """Create the engine below; a subclass has another kind."""
        return create_engine(url, **words)

    @classmethod
    def from_settings(cls, settings: Settings | None = None, **engine: Any) -> Self:
        """Return the database of the settings; the embedded one if they name none.

        Arguments for `sqlalchemy.create_engine`, such as `pool_size`, override the settings.

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
    def transaction(self, *, at_once: bool = False, by_index: bool = False) -> Iterator[Connection]:
        """Open a transaction like that of a session, without a session's identity map.

        With `at_once` one statement is a transaction by itself: BEGIN and COMMIT are not sent.
        Behind a pooler they are, since each transaction is given its settings. With `by_index` see
        `begin_by_index`; behind a pooler nothing is prepared, so no plan is kept.
        """
        check_isolation(self.engine.get_execution_options())
        alone = autocommitting if at_once and not self.pooler else nullcontext
        with self.engine.connect() as connection, alone(connection):
            if by_index and not self.pooler:
                begin_by_index(connection)
            yield connection
            connection.commit()

    def direct(self, what: str) -> Database:
        """Return the database for work that needs a server session of its own.

        That is this one, or with a pooler the one of the direct URL.

        Raises:
            PoolerInTheWay: There is no direct URL; the sentence names the work, `what`.
        """
        if self.pooler and self._direct is None:
            raise PoolerInTheWay(what)
        return self._direct or self

    def retrying(
        self, work: Callable[[Session], Result], *, attempts: int = 5, pause: float = 0.1
    ) -> Result:
        """Run work in a transaction; retry it in a new one after a passing error.

        Passing errors are serialization failures, deadlocks and lost connections. Pauses have an
        exponential backoff, from `pause` seconds. Each attempt repeats all of the work, so its
        effects outside of the database must be idempotent. A connection can be lost during the
        commit, with unknown outcome: work should check before it adds rows.
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
        """Check that the server answers.

        Raises:
            DatabaseUnreachable: It does not answer, or rejects the connection.
        """
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        if self._direct is not None:
            self._direct.close()

    def forget(self) -> None:
        """Replace the pool by an empty one, without closing the parent's connections."""
        if self._is_initialized():
            self.engine.dispose(close=False)
        else:  # a thread of the parent may have been connecting, and does not exist here
            self.engine = self._open()

    def _is_initialized(self) -> bool:
        """Return whether it has ever been connected to its server."""
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


def _complete(given: str, connection: psycopg.Connection, _: Any) -> None:
    session_settings.complete(connection, given)


def _translated(schemas: Mapping[str, str] | None) -> dict[str, Any]:
    return {"schema_translate_map": dict(schemas)} if schemas else {}


def _prepare_threshold(url: URL) -> dict[str, int | None]:
    """Return the `prepare_threshold` of a URL for psycopg: a number, or None for never."""
    value = str(url.query.get("prepare_threshold", ""))
    return {"prepare_threshold": None if value == "none" else int(value)} if value else {}
