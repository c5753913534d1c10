"""Whatever jobs do, each range is of one of them, none is lost, and what is counted is there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from pandadb.core.events.reports import range_reports
from pandadb.core.events.reports.range_reports import RangeReport
from pandadb.core.events.states import SUCCESSFUL
from pandadb.core.events.states import EventStatus as Is
from pandadb.core.events.takes import range_takes
from pandadb.core.events.takes.range_requests import RangeRequest
from pandadb.core.jobs import range_releases
from pandadb.models import JediTasks, JobsActive4
from tests.event_tasks import EVENT, JOBSET, TASK, make_consumer, make_event_task

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

RANGES, JOBS = 6, 3
STEP = st.tuples(
    st.sampled_from(["take", "finished", "failed", "fatal", "running", "release"]),
    st.integers(0, JOBS - 1),
    st.integers(0, 3),
)
ATTEMPTS = 3


@pytest.mark.slow
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, max_size=25))
def test_each_range_is_of_one_job_and_none_is_lost(
    session: Session, steps: list[tuple[str, int, int]]
) -> None:
    savepoint = session.begin_nested()
    try:
        make_event_task(session, RANGES)
        session.get_one(JediTasks, TASK).splitrule = "ES=10"
        jobs = [make_consumer(session, eventservice=4 if n == 2 else 1) for n in range(JOBS)]
        before: dict[int, tuple[int, int, int]] = {}
        ids: dict[int, list[str]] = {job: [] for job in jobs}
        for verb, n, number in steps:
            do(session, verb, jobs[n], number, ids[jobs[n]])
            before = checked(session, jobs, before)
    finally:
        savepoint.rollback()


def do(session: Session, verb: str, job: int, number: int, ids: list[str]) -> None:
    """Take a step; `ids` are those that the job was ever given."""
    if verb == "take":
        taken = range_takes.take(session, [RangeRequest(job, number + 1)]).ranges[job]
        ids += [str(one.id) for one in taken]
    elif verb == "release":
        range_releases.release(session, [job], live=True)
    else:
        range_reports.report(session, [RangeReport(one, verb) for one in ids[: number + 1]])


def checked(
    session: Session, jobs: list[int], before: dict[int, tuple[int, int, int]]
) -> dict[int, tuple[int, int, int]]:
    """See what has to be so after each step; return the ranges."""
    columns = (EVENT.job_processid, EVENT.pandaid, EVENT.status, EVENT.attemptnr)
    rows = session.execute(select(*columns)).all()
    found = {first: (pandaid, status, left) for first, pandaid, status, left in rows}
    assert sorted(found) == [10 * n + 1 for n in range(RANGES)]
    assert len(rows) == RANGES  # each once: of one job, or of the job set
    for first, (pandaid, status, left) in found.items():
        assert pandaid in (JOBSET, *jobs)
        assert (pandaid == JOBSET) == (status == Is.READY)
        assert 0 <= left <= before.get(first, (0, 0, ATTEMPTS))[2]
        if first in before and before[first][1] in (Is.FINISHED, Is.FAILED):
            assert found[first] == before[first]
    done = Counter(pandaid for pandaid, status, _ in found.values() if status in SUCCESSFUL)
    counted: Any = select(JobsActive4.pandaid, JobsActive4.nevents)
    for pandaid, nevents in session.execute(counted):
        assert (nevents or 0) == 10 * done[pandaid]
    assert (
        session.scalar(
            text("SELECT sum(def_max_eventid - def_min_eventid + 1) FROM doma_panda.jedi_events")
        )
        == 10 * RANGES
    )
    return found
