"""Who holds the locks that work of ours waits for: looked up meanwhile, since it is gone later.

A lock timeout names nobody. So while work runs, a thread asks through another connection of the
same database, shortly before each wait would end, and the last answer is kept.
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
"""How often a wait is looked at: once would miss one that begins just after."""
LEAST, MOST = 0.01, 1.0
"""Seconds between two looks."""

log = logging.getLogger("pandadb.locks")
"""One line for each try; a command that prints JSON takes them from here."""


class LockNotAvailable(PandaDBError):
    """Locks that were not free."""

    outcome = Outcome.CONTENDED

    def __init__(self, watch: Watch | None = None) -> None:
        self.held = str(watch) if watch else ""
        """The sessions that hold them, as a part of a sentence; empty if they are not known."""
        self.words = ", ".join(filter(None, ["locks were not free", self.held]))
        super().__init__(f"L{self.words[1:]}: try again")


class Watch:
    """What is seen of a session while it works."""

    def __init__(self, engine: Engine, pid: int, seconds: float) -> None:
        self._engine, self._pid = engine, pid
        self._pause = min(max(seconds / CHECKS_PER_WAIT, LEAST), MOST)
        self._ended = threading.Event()
        self.blockers: list[Blocker] = []
        """Those for which it has waited last."""

    def look(self) -> None:
        """Look at the session again and again, until it is ended; begin only after a pause."""
        try:
            while not self._ended.wait(self._pause):
                with self._engine.connect() as connection:
                    connection.detach()  # lest the pool keeps one more for it
                    self.blockers = blockers(connection, self._pid) or self.blockers
        except Exception:  # what is looked at goes on without it, whatever it is
            log.debug("no connection to see who holds locks", exc_info=True)

    def end(self) -> None:
        """Look no more."""
        self._ended.set()

    @override
    def __str__(self) -> str:
        """Return who holds the locks, as the end of a sentence."""
        found = "; ".join(map(str, self.blockers))
        return f"held by {found}" if found else "its holder was not seen"


def is_busy(error: DBAPIError) -> bool:
    """Return whether a lock was not free."""
    return sqlstate(error) in LOCK_ERRORS


@contextmanager
def watched(connection: Connection, seconds: float) -> Iterator[Watch]:
    """Look from another connection which sessions this one waits for, each wait of some seconds.

    What the block needs less time for than a wait takes costs no connection. The end of the block
    does not wait for a look: its locks may be held until then.
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
    """Log that a try has not got its locks, and who holds them."""
    log.warning("try %d of %d: a lock was not free within %g s, %s", number, of, seconds, watch)
