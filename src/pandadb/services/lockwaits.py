"""Holders of the locks that our work waits for, recorded while it waits.

A lock timeout does not name the holder. So while work runs, a thread queries the blockers through
another connection of the same database, shortly before each wait would end, and keeps the last
answer.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from pandadb.core.sql.blockers import Blocker, blockers
from pandadb.errors import Outcome, PandaDBError, sqlstate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

LOCK_ERRORS = ("55P03", "40P01")
"""SQLSTATEs of a lock that was not free, and of a deadlock that was ended."""
CHECKS_PER_WAIT = 4
"""Queries per wait: a single one would miss a wait that begins just after it."""
LEAST, MOST = 0.01, 1.0
"""Seconds between two queries."""

log = logging.getLogger("pandadb.locks")
"""One line for each attempt; a command that prints JSON takes them from here."""


class LockNotAvailable(PandaDBError):
    """Locks that were not free."""

    outcome = Outcome.CONTENDED

    def __init__(self, watch: Watch | None = None) -> None:
        self.held = str(watch) if watch else ""
        """The sessions that hold them, as a part of a sentence; empty if they are not known."""
        self.words = ", ".join(filter(None, ["locks were not free", self.held]))
        super().__init__(f"L{self.words[1:]}: try again")


class Watch:
    """Observer of a session: it records the sessions that block it."""

    def __init__(self, engine: Engine, pid: int, seconds: float) -> None:
        self._engine, self._pid = engine, pid
        self._pause = min(max(seconds / CHECKS_PER_WAIT, LEAST), MOST)
        self._ended = threading.Event()
        self.blockers: list[Blocker] = []
        """The sessions that blocked it last."""

    def look(self) -> None:
        """Query the blockers of the session periodically until the end; begin after a pause."""
        try:
            while not self._ended.wait(self._pause):
                with self._engine.connect() as connection:
                    connection.detach()  # so that the pool does not keep it
                    self.blockers = blockers(connection, self._pid) or self.blockers
        except Exception:  # the observed work continues without it
            log.debug("no connection to look up the holders of locks", exc_info=True)

    def end(self) -> None:
        """Stop the queries."""
        self._ended.set()

    @override
    def __str__(self) -> str:
        """Return the holders of the locks, as the end of a sentence."""
        found = "; ".join(map(str, self.blockers))
        return f"held by {found}" if found else "its holder was not seen"


def is_busy(error: DBAPIError) -> bool:
    """Return whether a lock was not free."""
    return sqlstate(error) in LOCK_ERRORS


@contextmanager
def watched(connection: Connection, seconds: float) -> Iterator[Watch]:
    """Observe from another connection which sessions block this one, with waits of some seconds.

    A block that ends before a first wait would costs no connection. The end of the block does not
    wait for the observer: its locks may be held until then.
    """
    # The driver's own number is wrong behind a pooler.
    pid = connection.scalar(text("SELECT pg_backend_pid()"))
    watch = Watch(connection.engine, int(pid or 0), seconds)
    thread = threading.Thread(target=watch.look, name="pandadb lock waits", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.end()


@contextmanager
def or_contended(
    connection: Connection | None = None,
    seconds: float = 0,
    attempt: tuple[int, int] = (1, 1),
    *,
    shortest: float | None = None,
) -> Iterator[None]:
    """Report a lock that was not free in time as contended, with the sessions that hold it.

    The holders are known if the block's `connection` and its lock timeout, in seconds, are given;
    then the attempt, as its number and their total, is logged. `shortest` is a shorter lock timeout
    that the block sets itself.

    Raises:
        LockNotAvailable: A lock was not free.
    """
    each = shortest or seconds
    with nullcontext() if connection is None else watched(connection, each) as watch:
        try:
            yield
        except DBAPIError as error:
            if not is_busy(error):
                raise
            if watch:
                log_attempt(*attempt, seconds, watch)
            raise LockNotAvailable(watch) from error


def log_attempt(number: int, of: int, seconds: float, watch: Watch) -> None:
    """Log a lock timeout with the holders of the locks."""
    log.warning("try %d of %d: a lock was not free within %g s, %s", number, of, seconds, watch)
