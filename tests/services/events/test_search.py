"""Ranges of events listed and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.core.events.states import EventStatus as Is
from pandadb.core.sql.validation import InvalidValue
from pandadb.services import events
from pandadb.services.events import RangeFilter, RangeRequest, RangeState
from tests.event_tasks import JOBSET, TASK, make_consumer, make_event_task, make_ranges

if TYPE_CHECKING:
    from pandadb.database import Database

JOB = 9


def give(database: Database) -> None:
    """Make three ranges that are ready, one without attempts, and two of a job."""
    with database.session() as session:
        make_event_task(session, 3)
        make_ranges(session, 1, fileid=1, attemptnr=0)
        failed = {"status": Is.FAILED, "error_code": 5, "error_diag": "no"}
        make_ranges(session, 2, fileid=2, pandaid=JOB, **failed)


def test_ranges_are_listed_page_by_page(database: Database) -> None:
    give(database)
    found, after = [], None
    for _ in range(3):
        page = events.find(database, RangeFilter(jeditaskid=TASK), limit=2, after=after)
        found += page.ranges
        after = page.next

    assert after is None
    assert [one["id"] for one in found] == [
        "7-9-2-1-3", "7-9-2-11-3", "7-5555-0-1-3", "7-5555-0-11-3", "7-5555-0-21-3", "7-5555-1-1-0",
    ]  # fmt: skip
    assert [one["state"] for one in found] == ["failed"] * 2 + ["ready"] * 4
    assert found[0]["error_code"] == 5


@pytest.mark.parametrize(
    ("chosen", "number"),
    [
        (RangeFilter(), 6),
        (RangeFilter("failed"), 2),
        (RangeFilter(["failed", "ready"]), 6),
        (RangeFilter(pandaid=JOBSET), 4),
        (RangeFilter(fileid=1), 1),
        (RangeFilter("ready", TASK, JOB), 0),
        (RangeFilter(jeditaskid=8), 0),
    ],
)
def test_a_filter_chooses_ranges(database: Database, chosen: RangeFilter, number: int) -> None:
    give(database)

    assert len(events.find(database, chosen).ranges) == number
    assert sum(events.count(database, chosen).states.values()) == number


def test_ranges_are_counted_by_state_and_those_that_can_be_taken(database: Database) -> None:
    give(database)

    counts = events.count(database)

    assert (counts.states, counts.free) == ({"ready": 4, "failed": 2}, 3)


def test_the_states_of_ranges_are_those_of_the_servers_api(database: Database) -> None:
    give(database)

    found = events.states(database, [(TASK, JOB), (TASK, 10)])

    state = RangeState("failed", 5, "no")
    assert found == {JOB: {"7-9-2-1-3": state, "7-9-2-11-3": state}, 10: {}}
    assert events.states(database, []) == {}


def test_jobs_know_how_many_ranges_they_can_take(database: Database) -> None:
    give(database)
    with database.session() as session:
        make_ranges(session, 1, fileid=3, pandaid=JOBSET + 1, datasetid=71)
        job = make_consumer(session, "activated")
        jumbo = make_consumer(session, eventservice=4)
        lone = make_consumer(session, jobsetid=None)

    asked = [RangeRequest(job), RangeRequest(jumbo), RangeRequest(lone), RangeRequest(5)]
    assert events.available(database, asked) == {job: 3, jumbo: 4}
    assert events.available(database, RangeRequest(job, jobset=JOBSET + 1)) == {job: 1}
    assert events.available(database, RangeRequest(job, jobset=JOBSET + 1, segment=71)) == {job: 1}
    assert events.available(database, job) == {job: 3}


@pytest.mark.parametrize(
    ("status", "words"), [("redy", "no range of events is 'redy': is it ready?"), ("4", "is '4'")]
)
def test_an_unknown_state_is_refused(status: str, words: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        RangeFilter(status)
    assert words in str(refused.value)


def test_a_page_needs_a_range_and_a_limit(database: Database) -> None:
    with pytest.raises(InvalidValue, match="after has to be the id of a range, not '5'"):
        events.find(database, after="5")
    with pytest.raises(InvalidValue, match="limit has to be from 1"):
        events.find(database, limit=0)
    with pytest.raises(InvalidValue, match="fileid"):
        RangeFilter(fileid="x")  # type: ignore[arg-type]
