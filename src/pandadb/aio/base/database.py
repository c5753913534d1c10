"""A database for asyncio: one event loop serves many transactions, without threads."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from typing_extensions import override

from pandadb.database import Database
from pandadb.database.async_engine import AwaitingDatabase
from pandadb.database.bridge import greenlet_spawn
from pandadb.database.pool import check_isolation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from sqlalchemy.orm import Session

    from pandadb.config import Settings

P = ParamSpec("P")
R = TypeVar("R")


def _as_of(
    _: Callable[P, Database],
) -> Callable[[Callable[..., None]], Callable[Concatenate[AsyncDatabase, P], None]]:
    """Give a method the parameters of another one, for type checkers."""
    return lambda method: method


class AsyncDatabase:
    """A `Database` for asyncio, made with the same arguments; `async with` closes it.

    The pool, the settings of sessions, poolers, timeouts and forks are those of `Database`. It
    belongs to one event loop at a time; `asyncio.run` may be called again with it.

    A task that is cancelled while it waits for the server ends its statement there: work that is
    not committed is rolled back. A cancellation during a COMMIT, or during a statement that is a
    transaction by itself, leaves all of the work or nothing.
    """

    @_as_of(Database)
    def __init__(self, *words: Any, **named: Any) -> None:
        self._hold(AwaitingDatabase(*words, **named))

    def _hold(self, database: Database) -> None:
        self.sync = database
        """The database that functions in the bridge are given; `run` calls them."""

    @classmethod
    def _of(cls, database: Database) -> Self:
        made = cls.__new__(cls)
        made._hold(database)
        return made

    @classmethod
    def from_settings(cls, settings: Settings | None = None, **engine: Any) -> Self:
        """Return the database of the settings; see `Database.from_settings`."""
        return cls._of(AwaitingDatabase.from_settings(settings, **engine))

    @classmethod
    def of_archive(cls, settings: Settings | None = None, **engine: Any) -> Self | None:
        """Return the database that is the archive; None if the settings name none."""
        found = AwaitingDatabase.of_archive(settings, **engine)
        return None if found is None else cls._of(found)

    @classmethod
    def private(cls, settings: Settings | None = None, **engine: Any) -> Self:
        """Return the embedded database, whatever URL the settings have."""
        return cls._of(AwaitingDatabase.private(settings, **engine))

    @property
    def engine(self) -> AsyncEngine:
        """SQLAlchemy's engine."""
        return AsyncEngine(self.sync.engine)

    async def run(
        self, function: Callable[Concatenate[Database, P], R], *words: P.args, **named: P.kwargs
    ) -> R:
        """Call a synchronous function with the database; its waits for the server are awaited.

        Databases of asyncio among its arguments are given to it as those that it can use. Other
        waits, such as those for files, block the event loop.
        """
        return await self.bridged(function, self, *words, **named)

    async def bridged(self, function: Callable[..., R], *words: Any, **named: Any) -> R:
        """Call a synchronous function in the bridge."""
        given = [_usable(word) for word in words]
        return await greenlet_spawn(
            function, *given, **{name: _usable(word) for name, word in named.items()}
        )

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Open a session for one transaction: committed at the end, undone by an exception."""
        check_isolation(self.sync.engine.get_execution_options())
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @asynccontextmanager
    async def transaction(self, *, at_once: bool = False) -> AsyncIterator[AsyncConnection]:
        """Open a transaction without a session; see `Database.transaction`."""
        opening = self.sync.transaction(at_once=at_once)
        async with self._entered(opening) as connection:
            yield AsyncConnection(self.engine, connection)

    @asynccontextmanager
    async def _entered(self, manager: AbstractContextManager[R]) -> AsyncIterator[R]:
        """Enter and leave a synchronous context in the bridge."""
        value = await self.bridged(manager.__enter__)
        try:
            yield value
        except BaseException as error:
            if not await self.bridged(manager.__exit__, type(error), error, error.__traceback__):
                raise
        else:
            await self.bridged(manager.__exit__, None, None, None)

    def direct(self, what: str) -> AsyncDatabase:
        """Return the database for work that needs a server session of its own.

        Raises:
            PoolerInTheWay: There is no direct URL; the sentence names the work, `what`.
        """
        found = self.sync.direct(what)
        return self if found is self.sync else self._of(found)

    async def retrying(
        self, work: Callable[[Session], R], *, attempts: int = 5, pause: float = 0.1
    ) -> R:
        """Run work in a transaction; retry it after a passing error: see `Database.retrying`.

        The work is a synchronous function of a session, which runs in the bridge.
        """
        return await self.run(Database.retrying, work, attempts=attempts, pause=pause)

    def libpq_url(self, *, hint: bool = True) -> str:
        """Return the URL as psql and other programs read it, with *** as a hint at its password."""
        return self.sync.libpq_url(hint=hint)

    async def ping(self) -> None:
        """Check that the server answers.

        Raises:
            DatabaseUnreachable: It does not answer, or rejects the connection.
        """
        await self.run(Database.ping)

    async def close(self) -> None:
        """Close all connections."""
        await self.run(Database.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @override
    def __repr__(self) -> str:
        return f"Async{Database.__repr__(self.sync)}"


def _usable(word: Any) -> Any:
    return word.sync if isinstance(word, AsyncDatabase) else word
