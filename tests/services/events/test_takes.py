"""Ranges of events taken by jobs: no range by two."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core.events.refusals import RangeRefusalReason as Why
from pandadb.core.events.states import EventStatus as Is
from pandadb.core.events.takes import range_takes
from pandadb.core.events.takes.range_requests import RangeRequest
from pandadb.core.jobs.refusals import JobsLocked
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediEvents,
    JobsActive4,
    JobsArchived4,
    JobsStatusLog,
)
from pandadb.services import events
from pandadb.services.events import VerbOptions
from tests.event_tasks import (
    DATASET,
    EVENT,
    JOBSET,
    TASK,
    holders,
    make_consumer,
    make_event_task,
    make_ranges,
)
from tests.waiting import until_waiting

if TYPE_CHECKING:
    from pandadb.database import Database


def give(database: Database, ranges: int = 3, jobs: int = 1, **columns: Any) -> list[int]:
    """Make a task with ranges, and consumers that run."""
    with database.session() as session:
        make_event_task(session, ranges)
        return [make_consumer(session, **columns) for _ in range(jobs)]


def test_a_job_takes_ranges_in_the_order_of_their_events(database: Database) -> None:
    (job,) = give(database, 3)

    taken = events.take(database, RangeRequest(job, 2))

    assert [str(one.id) for one in taken.ranges[job]] == [f"7-{job}-0-1-3", f"7-{job}-0-11-3"]
    first = taken.ranges[job][0]
    assert (first.start, first.last, first.lfn, first.guid, first.scope) == (
        1, 10, "input.0", "guid", "scope",
    )  # fmt: skip
    assert holders(database) == {
        1: (job, Is.SENT, 3), 11: (job, Is.SENT, 3), 21: (JOBSET, Is.READY, 3),
    }  # fmt: skip
    assert taken.exhausted == []


def test_jobs_of_a_call_take_ranges_in_turns(database: Database) -> None:
    jobs = give(database, 5, jobs=3)

    taken = events.take(database, [RangeRequest(one, 2) for one in jobs])

    assert [len(taken.ranges[one]) for one in jobs] == [2, 2, 1]
    assert {job for job, _, _ in holders(database).values()} == {*jobs}
    assert taken.exhausted == jobs


def test_ranges_without_attempts_are_not_given(database: Database) -> None:
    (job,) = give(database, 0)
    with database.session() as session:
        make_ranges(session, 1, attemptnr=0)

    assert events.take(database, job).ranges == {job: []}


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"jobstatus": "activated"}, Why.STATE),
        ({"jobstatus": "transferring"}, Why.STATE),
        ({"commandtopilot": "tobekilled"}, Why.COMMAND),
        ({"jobsetid": None}, Why.NO_JOB_SET),
        ({"jeditaskid": None}, Why.NO_JOB_SET),
    ],
)
def test_jobs_that_are_not_to_run_get_none(
    database: Database, columns: dict[str, Any], why: Why
) -> None:
    (job,) = give(database, **columns)

    taken = events.take(database, job)

    assert (taken.ranges, taken.refused[job].reason) == ({}, why)
    assert str(job) in taken.refused[job].sentence
    assert {one[0] for one in holders(database).values()} == {JOBSET}


def test_an_unknown_job_is_refused_and_others_take_theirs(database: Database) -> None:
    (job,) = give(database)

    taken = events.take(database, [RangeRequest(1), RangeRequest(job, 1)])

    assert taken.refused[1].reason is Why.UNKNOWN
    assert len(taken.ranges[job]) == 1


@pytest.mark.parametrize("state", ["sent", "starting", "running"])
def test_jobs_take_ranges_as_soon_as_they_are_sent(database: Database, state: str) -> None:
    (job,) = give(database, jobstatus=state)

    assert len(events.take(database, job).ranges[job]) == 3


def test_a_jumbo_job_takes_ranges_of_its_whole_task(database: Database) -> None:
    (job,) = give(database, 1, eventservice=4, jobsetid=None)
    with database.session() as session:
        make_ranges(session, 1, pandaid=JOBSET + 1, fileid=3, event_offset=JOBSET + 1)

    taken = events.take(database, RangeRequest(job))

    assert [one.id.fileid for one in taken.ranges[job]] == [0, 3]
    with database.session() as session:
        assert session.scalars(select(EVENT.is_jumbo)).all() == [1, 1]
    assert taken.exhausted == []


def test_a_jumbo_job_can_take_ranges_from_anywhere(database: Database) -> None:
    (job,) = give(database, 3, eventservice=4)

    taken = events.take(database, RangeRequest(job, 2, scattered=True))

    assert len(taken.ranges[job]) == 2


def test_a_job_is_not_given_a_range_again_that_it_has_failed(database: Database) -> None:
    """The server fails: the key of the range is there already."""
    (job,) = give(database, 2, eventservice=4)
    with database.session() as session:
        make_ranges(session, 1, pandaid=job, status=Is.FAILED)

    taken = events.take(database, RangeRequest(job))

    assert [one.id.job_processid for one in taken.ranges[job]] == [11]


def test_a_segment_is_a_dataset_of_the_job_set(database: Database) -> None:
    (job,) = give(database, 1)
    with database.session() as session:
        make_ranges(session, 2, datasetid=71, fileid=9)

    taken = events.take(database, RangeRequest(job, 5, segment=71))

    assert [one.id.fileid for one in taken.ranges[job]] == [9, 9]
    assert (taken.exhausted, taken.closed) == ([], {})


def test_samples_of_hyperparameters_are_of_no_job_set(database: Database) -> None:
    (job,) = give(database, 0, specialhandling="ho", eventservice=None)
    with database.session() as session:
        make_ranges(session, 1, pandaid=0, fileid=99, event_offset=0)

    (sample,) = events.take(database, job).ranges[job]

    assert (sample.lfn, sample.start) == (None, 1)
    assert holders(database)[1] == (job, Is.SENT, 3)


def test_a_job_can_take_ranges_of_another_job_set(database: Database) -> None:
    (job,) = give(database, 1, jobsetid=3)

    assert events.take(database, job).ranges == {job: []}
    assert len(events.take(database, RangeRequest(job, jobset=JOBSET)).ranges[job]) == 1


def test_consumers_in_the_queue_are_closed_when_no_range_is_left(database: Database) -> None:
    with database.session() as session:
        make_event_task(session, 2)
        states = ("running", "running", "activated", "throttled", "assigned", "sent")
        job, other, *waiting, sent = (make_consumer(session, state) for state in states)
        merge = make_consumer(session, "activated", specialhandling="esmerge", eventservice=2)
        jumbo = make_consumer(session, "activated", eventservice=4)
        later = make_consumer(session, "activated")
        of_later = FilesTable4.pandaid == later
        session.execute(update(FilesTable4).where(of_later).values(attemptnr=1))
        clone = make_consumer(session, "activated", specialhandling="eventservice,sc:1")

    assert events.take(database, RangeRequest(job, 1)).closed == {}
    taken = events.take(database, RangeRequest(job, 1))

    assert taken.exhausted == [job]
    assert taken.closed == dict.fromkeys([*waiting, clone], "closed")
    with database.session() as session:
        closed = session.get_one(JobsArchived4, (waiting[0], closed_at(session, waiting[0])))
        assert (closed.jobsubstatus, closed.taskbuffererrorcode) == ("es_unused", 116)
        other_clone = session.scalars(select(JobsArchived4).filter_by(pandaid=clone)).one()
        assert (other_clone.jobsubstatus, other_clone.taskbuffererrorcode) == ("jc_unlock", 200)
        alive = {*session.scalars(select(JobsActive4.pandaid))}
        assert alive == {job, other, sent, merge, jumbo, later}
        files = select(FilesTable4.type, FilesTable4.status).filter_by(pandaid=waiting[0])
        assert {*map(tuple, session.execute(files))} == {
            ("input", "unknown"), ("output", "failed"), ("log", "failed"),
        }  # fmt: skip
        logged = select(JobsStatusLog.jobstatus).filter_by(pandaid=waiting[0])
        assert session.scalars(logged).all() == ["closed"]
        contents = session.get_one(JediDatasetContents, (TASK, DATASET, 0))
        assert contents.status == "running"


def closed_at(session: Any, pandaid: int) -> Any:
    return session.scalars(select(JobsArchived4.modificationtime).filter_by(pandaid=pandaid)).one()


def test_a_dry_run_changes_nothing(database: Database) -> None:
    (job,) = give(database)

    taken = events.take(database, job, VerbOptions(dry_run=True))

    assert len(taken.ranges[job]) == 3
    assert {one[0] for one in holders(database).values()} == {JOBSET}


@pytest.mark.parametrize(
    ("requests", "words"),
    [
        ([RangeRequest(1, 0)], "ranges has to be from 1"),
        ([RangeRequest(1), RangeRequest(1)], "job 1 asks for ranges twice"),
        ([RangeRequest(-1)], "pandaid has to be from 1"),
        ([RangeRequest(1, segment=-1)], "segment has to be from 0"),
        ([RangeRequest(1, "8")], "ranges has to be a whole number"),
    ],
)
def test_a_malformed_request_is_refused(
    database: Database, requests: list[RangeRequest], words: str
) -> None:
    with pytest.raises(InvalidValue, match=words):
        events.take(database, requests)


def test_two_jobs_at_once_never_get_the_same_range(database: Database) -> None:
    jobs = give(database, 60, jobs=4)
    started = threading.Barrier(len(jobs))

    def work(job: int) -> list[str]:
        started.wait()
        got: list[str] = []
        while True:
            taken = events.take(database, RangeRequest(job, 4)).ranges[job]
            got += [str(one.id) for one in taken]
            if not taken:
                return got

    with ThreadPoolExecutor(len(jobs)) as pool:
        found = [one for got in pool.map(work, jobs) for one in got]

    assert len(found) == len(set(found)) == 60
    assert {status for _, status, _ in holders(database).values()} == {Is.SENT}


def test_a_job_waits_for_another_of_its_job_set_and_takes_what_is_left(database: Database) -> None:
    """Or it would be told that no range is left, while the other may give some back."""
    first, second = give(database, 3, jobs=2)
    with database.transaction() as other, ThreadPoolExecutor(1) as pool:
        range_takes.take(other, [RangeRequest(first, 2)])
        waiting = pool.submit(events.take, database, RangeRequest(second, 2))
        until_waiting(database, waiting)
        other.rollback()

        assert len(waiting.result(60).ranges[second]) == 2


def test_a_lock_timeout_is_a_sentence(database: Database) -> None:
    (job,) = give(database)
    with database.session() as session:
        session.execute(select(JobsActive4).with_for_update())
        with pytest.raises(JobsLocked):
            events.take(database, job, VerbOptions(patience=0.1))


def test_samples_and_ranges_keep_what_they_are(database: Database) -> None:
    (job,) = give(database, 1)
    events.take(database, job)
    with database.session() as session:
        (one,) = session.scalars(select(JediEvents)).all()
        assert (one.event_offset, one.processed_upto_eventid) == (JOBSET, 0)
