"""Sessions that wait for locks: the database tells, so that no test guesses how long it takes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from sqlalchemy import TextClause

    from pandadb.database import Database

WAITING = text("""
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'
""")
CANCELLED = text("""
SELECT pg_cancel_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'
""")
LONG = 30.0


@contextmanager
def meanwhile(database: Database, work: Callable[[], Any]) -> Iterator[Future[Any]]:
    """Have work begin in a thread and wait for a lock; then it goes on, and its errors are ours."""
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        try:
            until_waiting(database, working)
            yield working
        except BaseException:
            _ask(database, CANCELLED)  # or the thread would wait for the session of the test
            raise
    working.result()


def until_waiting(database: Database, working: Future[Any] | None = None) -> None:
    """Return when a session of the database waits for a lock."""
    deadline = time.monotonic() + LONG
    while not _ask(database, WAITING):
        if working and working.done():
            working.result()
            raise AssertionError("it has ended without waiting for a lock")
        assert time.monotonic() < deadline, "nothing waits for a lock"


def _ask(database: Database, question: TextClause) -> Any:
    with database.session() as session:
        return session.scalar(question)
