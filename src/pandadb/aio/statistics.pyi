# Written from the functions of `pandadb.services.statistics` by `pandadb docs stubs`.

from collections.abc import Callable, Sequence
from datetime import timedelta

from pandadb.aio.base.database import AsyncDatabase
from pandadb.services.statistics import (
    Refresh,
    Refreshed,
    SiteState,
    SiteStates,
    StatisticsStatus,
    UnknownStatistics,
    VerbOptions,
    chosen,
)

__all__ = [
    "Refresh",
    "Refreshed",
    "SiteState",
    "SiteStates",
    "StatisticsStatus",
    "UnknownStatistics",
    "VerbOptions",
    "chosen",
    "refresh",
    "site_states",
    "status",
]

async def refresh(
    database: AsyncDatabase,
    names: Sequence[str] = ...,
    *,
    due: bool = False,
    options: VerbOptions = ...,
    tell: Callable[[str], None] = ...,
) -> Refreshed:
    """Refresh the tables of names, or all: counts are those of a moment after the call.

    Without names a table that only grows, WORKER_NODE_METRICS, is left alone until its next day
    is due; with `due` the others are, too. An error ends the refresh of its table only. `tell` is
    called with the name of each table before its refresh.

    Raises:
        UnknownStatistics: One of the names is none of a table of statistics.
        MigrationError: The schemas have other names than the procedures know.
        NotStamped: The database has tables of PanDA that pandadb did not create.
    """

async def site_states(
    database: AsyncDatabase,
    window: timedelta = ...,
) -> SiteStates:
    """Return live jobs, and those that have ended in the window, in three statements.

    Ended jobs are those of JOBSARCHIVED4, where they stay for days: see the policies of partitions.
    """

async def status(
    database: AsyncDatabase,
) -> StatisticsStatus:
    """Return the last refresh of each table, by whichever scheduler, and those that are overdue."""
