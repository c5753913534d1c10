"""Fine-grained jobs, and those that try hyperparameters: their ranges and inputs at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from pandadb.core.events.states import EventStatus as Is
from pandadb.models import JediDatasetContents
from tests.core.jobs.event_service.test_consumer_ends import (
    begin,
    end,
    ended,
    input_file,
    take,
)
from tests.event_tasks import JOBSET, holders, make_ranges

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

FINE = {"eventservice": 6, "specialhandling": None}
SAMPLES = {"eventservice": None, "specialhandling": "ho"}


@pytest.mark.parametrize("verb", ["finish", "fail"])
def test_a_job_with_all_ranges_done_has_finished_with_its_file(session: Session, verb: str) -> None:
    (job,) = begin(session, 2, **FINE)
    take(session, job, Is.FINISHED, 1, 2)

    assert end(session, verb, job).jobs == {job: "finished"}
    assert ended(session, job)[:2] == ("finished", "fg_done")
    assert (input_file(session).status, input_file(session).failedattempt) == ("finished", 0)


@pytest.mark.parametrize("verb", ["finish", "fail"])
def test_a_job_with_some_ranges_done_has_finished_and_its_file_is_tried_again(
    session: Session, verb: str
) -> None:
    (job,) = begin(session, 3, **FINE)
    take(session, job, Is.FINISHED, 1)
    take(session, job, Is.FAILED, 2)

    assert end(session, verb, job).jobs == {job: "finished"}
    assert ended(session, job)[:2] == ("finished", "fg_partial")
    file = input_file(session)
    assert (file.status, file.attemptnr, file.failedattempt) == ("ready", 1, 0)
    assert [one[:2] for one in holders(session).values()] == [
        (job, Is.FINISHED), (JOBSET, Is.READY), (JOBSET, Is.READY),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "state", "failures"), [("finish", "finished", 0), ("fail", "failed", 1)]
)
def test_a_job_without_a_range_done_stumbles(
    session: Session, verb: str, state: str, failures: int
) -> None:
    (job,) = begin(session, 1, **FINE)
    take(session, job, Is.RUNNING, 1)

    end(session, verb, job)

    assert ended(session, job)[:2] == (state, "fg_stumble")
    assert (input_file(session).status, input_file(session).failedattempt) == ("ready", failures)


def test_a_sample_that_was_not_finished_is_any_jobs_and_its_last_attempt_fails(
    session: Session,
) -> None:
    (job,) = begin(session, 0, **SAMPLES)
    make_ranges(session, 4, pandaid=job, attemptnr=2)
    take(session, job, Is.FINISHED, 1)
    take(session, job, Is.RUNNING, 2)
    take(session, job, Is.SENT, 3, attemptnr=1)
    take(session, job, Is.FAILED, 4)

    assert end(session, "finish", job).jobs == {job: "finished"}
    assert [*holders(session).values()] == [
        (job, Is.FINISHED, 2), (0, Is.READY, 1), (job, Is.FAILED, 0), (job, Is.FAILED, 2),
    ]  # fmt: skip


@pytest.mark.parametrize("verb", ["finish", "fail"])
def test_a_file_of_hyperparameters_is_never_used_up_and_never_fails(
    session: Session, verb: str
) -> None:
    (job,) = begin(session, 1, **SAMPLES)

    end(session, verb, job)

    file = input_file(session)
    assert (file.status, file.attemptnr, file.failedattempt) == ("ready", 1, 0)


def test_the_attempts_of_a_file_of_hyperparameters_go_round(session: Session) -> None:
    (job,) = begin(session, 1, **SAMPLES)
    session.execute(
        update(JediDatasetContents).where(JediDatasetContents.datasetid == 70).values(maxattempt=1)
    )

    end(session, "fail", job)

    assert (input_file(session).status, input_file(session).attemptnr) == ("ready", 0)


def test_jobs_of_hyperparameters_are_no_job_set(session: Session) -> None:
    jobs = begin(session, 0, jobs=3, **SAMPLES)

    moved: dict[int, Any] = end(session, "finish", *jobs).jobs

    assert {*moved} == {*jobs}
