"""Ranges of events that go back, and samples of hyperparameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core.events.refusals import RangeRefusalReason as Why
from pandadb.core.events.states import EventStatus as Is
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JediDatasets, JediEvents
from pandadb.services import events
from pandadb.services.events import RangeReport, RangeRequest, Sample, VerbOptions
from tests.event_tasks import (
    CONSUMER,
    JOBSET,
    TASK,
    holders,
    make_consumer,
    make_event_task,
    make_ranges,
)
from tests.factories import make_job

if TYPE_CHECKING:
    from pandadb.database import Database


def give(database: Database, state: str = "failed", **columns: Any) -> int:
    """Make a job with a range that it has not processed, and one that it has."""
    with database.session() as session:
        make_event_task(session, 0)
        job = make_job(session, state, **{**CONSUMER, **columns})
        make_ranges(session, 1, pandaid=job, status=Is.SENT)
        make_ranges(session, 1, pandaid=job, status=Is.FINISHED, fileid=1)
    return job


@pytest.mark.parametrize(
    ("columns", "goal"),
    [
        ({}, (JOBSET, Is.READY, 2)),
        ({"specialhandling": "eventservice,df"}, (JOBSET, Is.READY, 3)),
        ({"eventservice": 4, "jobsetid": None}, (JOBSET, Is.READY, 2)),
        ({"eventservice": 6, "specialhandling": ""}, (JOBSET, Is.READY, 3)),
        ({"eventservice": None, "specialhandling": "ho"}, (0, Is.READY, 2)),
    ],
)
def test_a_range_that_was_not_processed_goes_back(
    database: Database, columns: dict[str, Any], goal: tuple[int, int, int]
) -> None:
    job = give(database, **columns)

    released = [events.release(database, job) for _ in range(2)]

    assert [one.jobs for one in released] == [{job: {"ready": 1}}, {job: {}}]
    with database.session() as session:
        asked = select(JediEvents.pandaid, JediEvents.status, JediEvents.attemptnr)
        assert sorted(session.execute(asked).all()) == sorted([goal, (job, Is.FINISHED, 3)])


def test_jobs_that_live_keep_theirs_unless_they_are_to_lose_them(database: Database) -> None:
    job = give(database, "running")

    kept = events.release(database, [job, 1])
    lost = events.release(database, job, live=True)

    assert {one.reason for one in kept.refused.values()} == {Why.STATE, Why.UNKNOWN}
    assert kept.refused[job].sentence == f"Job {job} is running: it may still process its ranges"
    assert lost.jobs == {job: {"ready": 1}}
    late = events.report(database, [RangeReport(f"{TASK}-{job}-0-1-3", "finished")])
    assert late.refused[0].reason is Why.UNKNOWN


def test_a_job_without_a_task_has_no_ranges(database: Database) -> None:
    job = give(database, jeditaskid=None)

    assert events.release(database, job).refused[job].reason is Why.NO_JOB_SET


def test_a_dry_run_releases_nothing(database: Database) -> None:
    job = give(database)

    events.release(database, job, VerbOptions(dry_run=True))

    with database.session() as session:
        assert JOBSET not in session.scalars(select(JediEvents.pandaid)).all()


def give_models(database: Database) -> int:
    """Make a job that takes samples, with a dataset for a model."""
    with database.session() as session:
        make_event_task(session, 0)
        model = {"type": "pseudo_input", "containername": "somewhere/model_1", "masterid": None}
        session.execute(update(JediDatasets).where(JediDatasets.type == "input").values(**model))
        return make_consumer(session, specialhandling="ho", eventservice=None)


def test_samples_are_added_once_and_taken(database: Database) -> None:
    job = give_models(database)
    new = [Sample(3, "model_1"), Sample(5, "model_1")]

    assert events.add_samples(database, TASK, new) == 2
    (taken,) = events.take(database, RangeRequest(job, 1, segment=70)).ranges[job]
    assert events.add_samples(database, TASK, [*new, Sample(8, "model_1")]) == 1

    assert (str(taken.id), taken.start, taken.last) == (f"7-{job}-0-3-5", 3, 3)
    assert holders(database) == {3: (job, Is.SENT, 5), 5: (0, Is.READY, 5), 8: (0, Is.READY, 5)}
    assert events.add_samples(database, TASK, []) == 0


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (Sample(1, "other"), "task 7 has 0 input datasets for the model 'other'"),
        (Sample(1, "1"), "has 0 input datasets"),
        (Sample(-1, "model_1"), "number of a sample has to be from 0"),
        (Sample(1, 5), "model of a sample has to be text"),  # type: ignore[arg-type]
    ],
)
def test_a_sample_needs_a_dataset_for_its_model(
    database: Database, sample: Sample, words: str
) -> None:
    give_models(database)

    with pytest.raises(InvalidValue, match=words):
        events.add_samples(database, TASK, [sample])
