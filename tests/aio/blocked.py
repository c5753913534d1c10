"""A job that another session has locked, and the sessions that wait for it."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
BUSY = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'"
)
END_OTHERS = text(
    "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE"
    " datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'"
)


@contextmanager
def locked(database: Database, pandaid: int) -> Iterator[None]:
    """Hold the lock of an active job."""
    with database.session() as session:
        job = select(JobsActive4.pandaid).where(JobsActive4.pandaid == pandaid)
        assert session.scalars(job.with_for_update()).one() == pandaid
        yield


async def waiting(database: Database, sessions: int = 1) -> None:
    """Wait until so many sessions wait for a lock."""
    for _ in range(500):
        with database.transaction() as connection:
            if connection.scalar(WAITING) == sessions:
                return
        await asyncio.sleep(0.01)
    raise AssertionError("no session waits for a lock")


def busy(database: Database) -> int:
    """Return how many other sessions have a statement or a transaction open."""
    with database.transaction() as connection:
        return int(connection.scalar(BUSY) or 0)
