"""The transactions of the archiver: as of one moment, with locks, or none at all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from pandadb.services.grants import act_as_owner
from pandadb.services.locks import set_lock_timeout
from pandadb.services.lockwaits import or_contended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database


@contextmanager
def snapshot(database: Database) -> Iterator[Session]:
    """Open a transaction that sees one moment, however long it takes."""
    with database.session() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        act_as_owner(session.connection(), local=True)
        lift_timeouts(session)
        yield session


@contextmanager
def locking(database: Database, seconds: float) -> Iterator[Session]:
    """Open a transaction that locks partitions, with a lock timeout, however long it takes.

    Raises:
        LockNotAvailable: A lock was not free.
    """
    with or_contended(), database.session() as session:
        # Commits of other sessions during a lock wait have to be visible.
        session.connection(execution_options={"isolation_level": "READ COMMITTED"})
        act_as_owner(session.connection(), local=True)
        lift_timeouts(session)
        set_lock_timeout(session, seconds)
        yield session


@contextmanager
def outside(database: Database, seconds: float) -> Iterator[Session]:
    """Open a session without transactions, for statements that run CONCURRENTLY.

    Raises:
        LockNotAvailable: A lock was not free within so many seconds.
    """
    with database.direct("a statement without a transaction").engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)
        try:
            act_as_owner(connection)
            connection.execute(text(f"SET lock_timeout = '{round(seconds * 1000)}ms'"))
            connection.execute(text("SET statement_timeout = 0"))
            with or_contended(connection, seconds):
                yield Session(connection)
        finally:
            connection.invalidate()  # role and timeouts must not go back to the pool


def lift_timeouts(session: Session) -> None:
    """Lift the timeouts of statements and of idle time for the session's transaction."""
    for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
        session.execute(text(f"SET LOCAL {setting} = 0"))
