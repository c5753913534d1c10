"""A monitor's page: the jobs of the last hours by site and state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.statistics import refreshes
from pandadb.core.statistics.site_states import SiteState, count_site_states
from pandadb.models.types import UTC_NOW

if TYPE_CHECKING:
    from pandadb.database import Database

DAY = timedelta(hours=24)


@dataclass(frozen=True)
class SiteStates:
    """Jobs by site and state; times are naive UTC."""

    since: datetime
    """Jobs that have ended before are not counted."""
    counted_at: datetime | None
    """Time of the counts of JOBSACTIVE4; None if there was no refresh."""
    jobs: list[SiteState]


def site_states(database: Database, window: timedelta = DAY) -> SiteStates:
    """Return live jobs, and those that have ended in the window, in three statements.

    Ended jobs are those of JOBSARCHIVED4, where they stay for days: see the policies of partitions.
    """
    with database.transaction() as connection:
        since = connection.scalars(select(UTC_NOW)).one() - window
        counted = refreshes.last_refreshes(connection).get("mv_jobsactive4_stats")
        jobs = count_site_states(connection, since)
    return SiteStates(since, counted.refreshed_at if counted else None, jobs)
