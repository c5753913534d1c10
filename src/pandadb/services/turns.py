"""Taking turns: one run at a time, and locks that are waited for but shortly."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pandadb.services.grants import act_as_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from pandadb.database import Database

BUSY = ("55P03", "40P01")
"""SQLSTATEs of a lock that was not free, and of a deadlock that was ended."""


@contextmanager
def turn(database: Database, key: str) -> Iterator[bool]:
    """Keep others from the same work as long as we do it; tell whether it is our turn.

    `key` is the expression of the advisory lock, which a session has that does nothing else. A
    pooler that gives a session to others between transactions would give them our turn, so it is
    gone past.

    Raises:
        PoolerInTheWay: There is a pooler, and no URL that goes past it.
    """
    with database.direct("an advisory lock").engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        ours = bool(connection.scalar(text(f"SELECT pg_try_advisory_lock({key})")))
        try:
            yield ours
        finally:
            with suppress(DBAPIError):  # of a connection that is lost, and the lock with it
                if ours:
                    connection.execute(text(f"SELECT pg_advisory_unlock({key})"))


def is_busy(error: DBAPIError) -> bool:
    """Tell whether a lock was not free."""
    return getattr(error.orig, "sqlstate", None) in BUSY


def be_patient(session: Session, seconds: float) -> None:
    """Wait for a lock no longer than that, until the end of the session's transaction."""
    session.execute(text(f"SET LOCAL lock_timeout = '{round(seconds * 1000)}ms'"))


def patiently(
    database: Database, work: Callable[[Session], None], patience: Sequence[float]
) -> bool:
    """Do work as the owner, in a transaction; tell whether its locks were free in the end.

    Each number is a try: the seconds for which it waits for a lock, and has others wait behind it.
    """
    for attempt, seconds in enumerate(patience):
        try:
            with database.session() as session:
                act_as_owner(session.connection(), local=True)
                be_patient(session, seconds)
                work(session)
        except DBAPIError as error:
            if not is_busy(error):
                raise
            time.sleep(0.1 * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - only jitter
        else:
            return True
    return False
