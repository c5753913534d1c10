"""The tables of statistics: the refresh of each, and its interval (semantics 6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

EPOCH = datetime(1970, 1, 1)


class UnknownStatistics(InvalidInput):
    """A name that no table of statistics has."""


@dataclass(frozen=True)
class StatisticsTable:
    """A table, or view, of statistics, and the statement that refreshes it."""

    name: str
    statement: str
    every: timedelta
    at: timedelta = timedelta()
    """When in the interval a refresh is due, UTC: a time of the day if that is a day."""
    appended: bool = False
    """Whether a refresh adds rows to those of earlier ones: one too many is not a no-op."""

    def is_due(self, refreshed_at: datetime | None, now: datetime) -> bool:
        """Return whether an interval has begun since the last refresh; times are naive UTC."""
        return refreshed_at is None or self._interval(refreshed_at) < self._interval(now)

    def is_overdue(self, refreshed_at: datetime | None, now: datetime) -> bool:
        """Return whether refreshes were missed: one interval, or 10 minutes, is no delay."""
        patience = max(2 * self.every, timedelta(minutes=10))
        return refreshed_at is None or now - refreshed_at > patience

    def _interval(self, time: datetime) -> int:
        return (time - self.at - EPOCH) // self.every


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
VIEW = "SELECT pandadb.refresh_worker_node_view('{}')"
TABLES = (
    StatisticsTable(
        "jedi_aux_status_mintaskid", "CALL doma_panda.jedi_refr_mintaskids_bystatus()", MINUTE
    ),
    StatisticsTable(
        "jobs_share_stats", "CALL doma_panda.update_jobsact_stats_by_gshare()", MINUTE
    ),
    StatisticsTable(
        "jobsdefined_share_stats", "CALL doma_panda.update_jobsdef_stats_by_gshare()", MINUTE
    ),
    StatisticsTable("mv_jobsactive4_stats", "CALL doma_panda.update_jobsactive_stats()", MINUTE),
    StatisticsTable("job_stats_hp", "CALL doma_panda.update_job_stats_hp()", MINUTE),
    StatisticsTable(
        "mv_running_jumbo_task_count", "CALL doma_panda.update_run_jumbo_count()", 2 * MINUTE
    ),
    StatisticsTable(
        "total_walltime_cache", "CALL doma_panda.update_total_walltime()", 5 * MINUTE
    ),
    StatisticsTable(
        "typical_num_input", "CALL doma_panda.update_num_input_data_files()", 30 * MINUTE
    ),
    StatisticsTable("mv_worker_node_summary", VIEW.format("mv_worker_node_summary"), HOUR),
    StatisticsTable("mv_worker_node_gpu_summary", VIEW.format("mv_worker_node_gpu_summary"), HOUR),
    StatisticsTable(
        "worker_node_metrics", "CALL doma_panda.update_worker_node_metrics()", DAY, 8 * HOUR,
        appended=True,
    ),
)  # fmt: skip
"""All of them, in the order in which they are refreshed."""


def chosen(names: Sequence[str]) -> list[StatisticsTable]:
    """Return the tables of names, with or without their schema, in any case; all for none.

    Raises:
        UnknownStatistics: One of the names is none of theirs.
    """
    plain = [name.lower().removeprefix("doma_panda.") for name in names]
    known = {table.name: table for table in TABLES}
    for name, given in zip(plain, names, strict=True):
        if name not in known:
            raise UnknownStatistics(f"There are no statistics {given!r}: there are {listed()}")
    return [table for table in TABLES if table.name in plain] if names else [*TABLES]


def listed() -> str:
    """Return all names, for a sentence."""
    return ", ".join(sorted(table.name for table in TABLES))
