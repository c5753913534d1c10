"""Advisory locks, lock timeouts, and retries of work after a lock timeout."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import text

from pandadb.database.retry import backoff, retry
from pandadb.services.grants import act_as_owner
from pandadb.services.lockwaits import LockNotAvailable, or_contended
from pandadb.services.stamps import refuse_unstamped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from pandadb.core.sql.transaction import Transaction
    from pandadb.database import Database

Result = TypeVar("Result")


@dataclass(frozen=True)
class LockPolicy:
    """Lock timeouts of the archiver in seconds; a tuple has that of each attempt."""

    tables: tuple[float, ...] = (0.2, 0.4, 0.6, 0.8, 0.8, 0.8)
    """Of a table in use: other sessions queue behind the lock. A server looks for deadlocks after
    a second and may end another session for one, so these are shorter."""
    writers: float = 3.0
    """Of partitions that are locked against writers."""
    autovacuum: float = 3.0
    """Of an autovacuum: a server cancels one that blocks others for its deadlock_timeout, 1 s."""
    indexes: float = 60.0
    """Of an index that is built CONCURRENTLY: no session queues behind it."""
    loads: float = 300.0
    """Of an import that waits for a load of jobs."""
    guarded: tuple[float, ...] = (0.5, 0.5, 0.5)
    """Of a drop by the guard in the database; it sets timeouts of its own, at least 0.1 s."""


LOCK_POLICY = LockPolicy()


@contextmanager
def advisory_lock(database: Database, key: str) -> Iterator[bool]:
    """Hold an advisory lock during the block; yield False if another session holds it.

    `key` is the SQL expression of its key. The lock belongs to a session that does nothing else.
    Behind a pooler it bypasses the pooler, which could give the session to others.

    Raises:
        NotStamped: The database has tables of PanDA that pandadb did not create.
        PoolerInTheWay: There is a pooler, and no direct URL.
    """
    refuse_unstamped(database)
    with database.direct("an advisory lock").engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        ours = bool(connection.scalar(text(f"SELECT pg_try_advisory_lock({key})")))
        try:
            yield ours
        finally:
            try:
                if ours:
                    connection.execute(text(f"SELECT pg_advisory_unlock({key})"))
            except Exception:  # noqa: BLE001 - the pool must not keep a session with the lock
                connection.invalidate()


def set_lock_timeout(transaction: Transaction, seconds: float) -> None:
    """Set the lock timeout of a transaction."""
    transaction.execute(text(f"SET LOCAL lock_timeout = '{round(seconds * 1000)}ms'"))


def retry_transaction(
    database: Database,
    work: Callable[[Session], Result],
    timeouts: Sequence[float],
    *,
    shortest: float | None = None,
) -> Result:
    """Return the result of work in a transaction of the owner; retry it while locks are not free.

    Each number is the lock timeout, in seconds, of one attempt. A failed attempt is logged with the
    sessions that hold the locks. `shortest` is a shorter lock timeout that the work itself sets.

    Raises:
        LockNotAvailable: A lock was not free in the last attempt; nothing was changed.
    """

    def attempt(number: int) -> Result:
        seconds = timeouts[number]
        with database.session() as session:
            act_as_owner(session.connection(), local=True)
            set_lock_timeout(session, seconds)
            which = (number + 1, len(timeouts))
            with or_contended(session.connection(), seconds, which, shortest=shortest):
                result = work(session)
                session.flush()
                return result

    return retry(attempt, _is_contended, backoff(0.1, len(timeouts) - 1))


def retry_savepoint(
    session: Session, work: Callable[[], Result], timeouts: Sequence[float]
) -> Result:
    """Return the result of work in a savepoint; retry it while locks are not free.

    This is for the end of a long transaction, which must not be repeated for a lock. Each number is
    the lock timeout, in seconds, of one attempt, and the pause after it.

    Raises:
        LockNotAvailable: A lock was not free in the last attempt.
    """

    def attempt(number: int) -> Result:
        seconds, which = timeouts[number], (number + 1, len(timeouts))
        with or_contended(session.connection(), seconds, which), session.begin_nested():
            set_lock_timeout(session, seconds)
            return work()

    return retry(attempt, _is_contended, timeouts[:-1])


def _is_contended(error: Exception) -> bool:
    return isinstance(error, LockNotAvailable)
