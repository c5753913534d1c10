"""Jobs of a queue that ended long ago, so that their day is due for the archive."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.services import partitions, queue
from pandadb.services.queue import NewQueueJob

if TYPE_CHECKING:
    from pandadb.database import Database

OLD: date = datetime.now(UTC).date() - timedelta(50)
AGE = "UPDATE {} SET modificationtime = :at WHERE pandaid = ANY(:ids)"


def count(database: Database, table: str) -> Any:
    with database.session() as session:
        return session.scalar(text(f"SELECT count(*) FROM pandadb.{table}"))


def counts(database: Database, suffix: str = "") -> tuple[int, ...]:
    """Return the number of control rows, dependencies and events, live or with `_arch`."""
    tables = ("job_control", "job_dependency", "outbox")
    return tuple(count(database, f"{table}{suffix}") for table in tables)


def end_long_ago(database: Database, pandaids: list[int]) -> None:
    """Claim and finish jobs, with their event sent, and let that be fifty days ago."""
    while held := queue.claim(database, "demo", 100, owner="w"):
        queue.finish(database, held)
    words = {"ids": pandaids, "at": datetime.combine(OLD, datetime.min.time()) + timedelta(hours=9)}
    with database.session() as session:
        for table in ARCHIVE_OF:
            session.execute(text(AGE.format(table)), words)
        session.execute(text("UPDATE pandadb.outbox SET sent_at = now()"))
    partitions.maintain(database, tables=[*ARCHIVE_OF], drain=True)


def old_flow(database: Database) -> list[int]:
    """Make three jobs of a day that is due, the last of which waited for the others."""
    flow = [
        NewQueueJob("demo", "A", handler="h", announce=True),
        NewQueueJob("demo", "B", handler="h"),
        NewQueueJob("demo", "C", handler="h", parents=["A", "B"]),
    ]
    ids = queue.submit(database, flow).pandaids
    end_long_ago(database, ids)
    return ids
