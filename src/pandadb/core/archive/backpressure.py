"""What says that a database has enough to do: replicas that fall behind, sessions that wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF
from pandadb.core.sql.table_columns import named

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

REPLICA_LAG = """
SELECT count(*), count(state),
       max(extract(epoch FROM replay_lag)) FILTER (WHERE state IN ('streaming', 'catchup'))
  FROM pg_stat_replication
"""
LOCK_WAITS = """
WITH ours AS (
    SELECT to_regclass(name)::oid AS relation FROM unnest(CAST(:tables AS text[])) AS name
     UNION
    SELECT inhrelid FROM pg_inherits
     WHERE inhparent = ANY(SELECT to_regclass(name) FROM unnest(CAST(:tables AS text[])) AS name)
)
SELECT count(DISTINCT waits.pid) FROM pg_locks AS waits
 WHERE NOT waits.granted AND waits.waitstart < clock_timestamp() - interval '1 second'
   AND EXISTS (SELECT 1 FROM pg_locks AS has JOIN ours USING (relation)
                WHERE has.pid = waits.pid
                  AND has.database = (SELECT oid FROM pg_database
                                       WHERE datname = current_database()))
""".replace("::", r"\:\:")
"""A session that waits for a row waits for another's transaction, and has a lock on the table."""


@dataclass(frozen=True)
class Lag:
    """How far replicas are behind."""

    seconds: float
    """The most that one of them needs to have all; 0 if there are none, or if that is not known."""
    hidden: bool
    """Whether there are replicas of which our role is told nothing."""


def lag(session: Session) -> Lag:
    """Return how far replicas are behind; only members of pg_monitor are told."""
    found = session.execute(text(REPLICA_LAG)).one()
    return Lag(float(found[2] or 0), found[0] > found[1])


def waiting(session: Session) -> int:
    """Return how many sessions have waited for longer than a second for something of our tables."""
    tables = [named(session, table).as_string() for table in (*ARCHIVE_OF, *LIVE_OF)]
    return int(session.scalar(text(LOCK_WAITS), {"tables": tables}) or 0)
