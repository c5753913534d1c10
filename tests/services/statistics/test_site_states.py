"""The page of a monitor: the last 24 hours by site and state, in three statements."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from pandadb.models import JobsArchived4, JobsDefined4, JobsWaiting4
from pandadb.services import statistics
from tests.statistics_rows import KEY, PANDAIDS, add_jobs

if TYPE_CHECKING:
    from pandadb.database import Database

NOW = datetime.now(UTC).replace(tzinfo=None)


def test_live_jobs_and_those_that_have_ended_lately_are_counted_in_three_statements(
    database: Database,
) -> None:
    with database.session() as session:
        add_jobs(session, "running", 3)
        add_jobs(session, "activated", 2, computingsite="B", currentpriority=1)
        add_jobs(session, "activated", 2, computingsite="B", currentpriority=900)
        add_jobs(session, "defined", 5, JobsDefined4, computingsite=None)
        session.add(JobsWaiting4(pandaid=next(PANDAIDS), jobstatus="waiting", computingsite="A"))
        for hours, status in ((1, "finished"), (23, "finished"), (25, "finished"), (2, "failed")):
            ended = {**KEY, "modificationtime": NOW - timedelta(hours=hours), "jobstatus": status}
            session.add(JobsArchived4(pandaid=next(PANDAIDS), **ended))
    statistics.refresh(database, ["mv_jobsactive4_stats"])
    sent: list[str] = []

    def remember(*given: Any) -> None:
        sent.append(given[2])

    event.listen(database.engine, "before_cursor_execute", remember)
    found = statistics.site_states(database)
    event.remove(database.engine, "before_cursor_execute", remember)

    assert len(sent) <= 3
    assert [tuple(one) for one in found.jobs] == [
        ("A", "failed", 1), ("A", "finished", 2), ("A", "running", 3), ("A", "waiting", 1),
        ("B", "activated", 4), (None, "defined", 5),
    ]  # fmt: skip
    assert found.counted_at is not None


def test_a_window_is_chosen_and_active_jobs_that_were_never_counted_are_none(
    database: Database,
) -> None:
    with database.session() as session:
        add_jobs(session, "running")
        for hours in (1, 7):
            ended = {**KEY, "modificationtime": NOW - timedelta(hours=hours)}
            session.add(JobsArchived4(pandaid=next(PANDAIDS), **ended, jobstatus="finished"))

    found = statistics.site_states(database, timedelta(hours=6))

    assert found.counted_at is None
    assert [tuple(one) for one in found.jobs] == [("A", "finished", 1)]
