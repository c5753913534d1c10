"""Taking turns: one run at a time, and locks that are waited for but shortly."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pandadb.services.grants import act_as_owner
from pandadb.services.lockwaits import LockNotAvailable, is_busy, tell_try, watched
from pandadb.services.stamps import refuse_unstamped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from pandadb.database import Database


@contextmanager
def turn(database: Database, key: str) -> Iterator[bool]:
    """Keep others from the same work as long as we do it; tell whether it is our turn.

    `key` is the expression of the advisory lock, which a session has that does nothing else. A
    pooler that gives a session to others between transactions would give them our turn, so it is
    gone past.

    Raises:
        NotStamped: The database has tables of PanDA's that pandadb has not made.
        PoolerInTheWay: There is a pooler, and no URL that goes past it.
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
            except Exception:  # noqa: BLE001 - lest a pool keeps the lock with the session
                connection.invalidate()


def be_patient(session: Session, seconds: float) -> None:
    """Wait for a lock no longer than that, until the end of the session's transaction."""
    session.execute(text(f"SET LOCAL lock_timeout = '{round(seconds * 1000)}ms'"))


def patiently(
    database: Database,
    work: Callable[[Session], None],
    patience: Sequence[float],
    *,
    shortest: float | None = None,
) -> None:
    """Do work as the owner, in a transaction, and again while its locks are not free.

    Each number is a try: the seconds for which it waits for a lock, and has others wait behind it.
    A try that fails is logged with the sessions that hold the locks. `shortest` are the seconds of
    a wait that the work itself makes shorter.

    Raises:
        LockNotAvailable: A lock was not free in the end; nothing was changed.
    """
    watch = None
    for number, seconds in enumerate(patience, start=1):
        try:
            with database.session() as session:
                act_as_owner(session.connection(), local=True)
                be_patient(session, seconds)
                with watched(session.connection(), shortest or seconds) as watch:
                    work(session)
                    session.flush()
        except DBAPIError as error:
            if not is_busy(error) or watch is None:
                raise
            tell_try(number, len(patience), seconds, watch)
            time.sleep(0.1 * 2 ** (number - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - only jitter
        else:
            return
    raise LockNotAvailable(watch)
