"""Reports about the chosen jobs: how many in which state and queue, and how many by hour."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs.search import pages, trends
from pandadb.core.jobs.search.filters import Filter
from pandadb.core.jobs.search.job_filters.job_filter import as_filter
from pandadb.core.jobs.states import STATES

if TYPE_CHECKING:
    from pandadb.core.jobs.search.job_filters.job_filter import AnyFilter
    from pandadb.core.jobs.search.trends import IntervalCount
    from pandadb.database import Database

ALL = Filter()
NO_QUEUE = ""
"""The queue of jobs without a site."""


@dataclass(frozen=True)
class JobReport:
    """The state of the chosen jobs now, and how many were created and ended lately."""

    states: dict[str, int]
    """Jobs by state, in the order of a job's life."""
    queues: dict[str, dict[str, int]]
    """Jobs by queue and state, the queue with most jobs first."""
    interval: str
    trend: list[IntervalCount]
    """The last intervals, the oldest first."""

    def plain(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return asdict(self)


def report(
    database: Database,
    chosen: AnyFilter = ALL,
    *,
    interval: str = "hour",
    intervals: int = 24,
) -> JobReport:
    """Count the chosen jobs by state and queue, and by hour, day or week of creation and end.

    Raises:
        InvalidValue: There is no such interval, or the filter is invalid.
    """
    where = as_filter(chosen)
    with database.session() as session:
        counts = pages.count(session, where, ["computingsite", "jobstatus"])
        trend = trends.trend(session, where, interval, intervals)
    states = dict.fromkeys(STATES, 0)
    queues: dict[str, dict[str, int]] = {}
    for row in counts:
        states[row["jobstatus"]] = states.get(row["jobstatus"], 0) + row["jobs"]
        queues.setdefault(row["computingsite"] or NO_QUEUE, {})[row["jobstatus"]] = row["jobs"]
    ranked = sorted(queues, key=lambda queue: (-sum(queues[queue].values()), queue))
    return JobReport(
        {state: jobs for state, jobs in states.items() if jobs},
        {queue: queues[queue] for queue in ranked},
        interval,
        trend,
    )
