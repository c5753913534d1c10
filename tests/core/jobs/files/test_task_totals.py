"""T_TASK counts the jobs of a task, and the walltime is estimated anew at the 5th and the 100th."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core.jobs import advances
from pandadb.core.jobs.creation.submission import NewJob, submit
from pandadb.models import JediTasks, TTask
from tests.factories import make_task, make_task_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK = 7


def given(session: Session, files: int = 1, **totals: Any) -> None:
    make_task(session, TASK, files=files)
    session.execute(update(JediTasks).values(walltimeunit="kSI2ks"))
    zeros = dict.fromkeys(("total_req_jobs", "total_done_jobs", "total_events"), 0)
    session.add(TTask(taskid=TASK, submit_time=datetime(2026, 1, 1), **{**zeros, **totals}))
    session.flush()


def totals(session: Session) -> tuple[Any, ...]:
    columns = (TTask.total_req_jobs, TTask.total_done_jobs, TTask.total_events)
    return tuple(session.execute(select(*columns)).one())


def finish(session: Session, *jobs: int, events: int = 10) -> None:
    files = {"output": {"nevents": events}}
    advances.advance(session, "finish", jobs, host="here", files=files)


def test_new_jobs_are_counted_but_those_that_build_or_merge(session: Session) -> None:
    given(session)
    of_task = {"jeditaskid": TASK, "lockedby": "jedi"}
    kinds = ({}, {}, {"prodsourcelabel": "panda"}, {"processingtype": "pmerge"}, {"lockedby": "x"})
    jobs = [NewJob({**of_task, "prodsourcelabel": "managed", **kind}) for kind in kinds]

    submit(session, jobs, "pending", "here")

    assert totals(session) == (2, 0, 0)
    assert session.scalar(select(TTask.timestamp)) is not None


def test_finished_jobs_are_counted_with_their_events(session: Session) -> None:
    given(session, files=3)
    jobs = [make_task_job(session, TASK, n) for n in range(3)]

    finish(session, *jobs)

    assert totals(session) == (0, 3, 30)


def test_jobs_that_fail_are_not_counted(session: Session) -> None:
    given(session)
    advances.advance(session, "fail", [make_task_job(session, TASK, 0)], host="here")

    assert totals(session) == (0, 0, 0)
    assert session.scalar(select(TTask.timestamp)) is None


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"processingtype": "pmerge"}, (0, 0, 10)),
        ({"prodsourcelabel": "panda"}, (0, 0, 0)),
        ({"lockedby": "user"}, (0, 0, 0)),
    ],
)
def test_jobs_that_merge_count_by_their_events_and_those_that_build_not(
    session: Session, columns: dict[str, str], wanted: tuple[int, ...]
) -> None:
    given(session)
    finish(session, make_task_job(session, TASK, 0, **columns))

    assert totals(session) == wanted


def test_the_events_have_a_limit(session: Session) -> None:
    given(session, total_events=9_999_999_995)
    finish(session, make_task_job(session, TASK, 0))

    assert totals(session)[2] == 9_999_999_999


def test_totals_of_a_task_that_has_ended_stay(session: Session) -> None:
    given(session)
    session.execute(update(JediTasks).values(status="finished"))
    finish(session, make_task_job(session, TASK, 0))

    assert totals(session) == (0, 0, 0)


@pytest.mark.parametrize(
    ("before", "jobs", "is_estimated"),
    [(3, 1, False), (4, 1, True), (5, 1, False), (3, 4, True), (99, 1, True), (100, 1, False)],
)
def test_the_walltime_is_estimated_anew_at_the_fifth_and_the_hundredth_job(
    session: Session, before: int, jobs: int, is_estimated: bool
) -> None:
    given(session, files=jobs, total_done_jobs=before)
    finish(session, *[make_task_job(session, TASK, n) for n in range(jobs)])

    assert (session.scalar(select(JediTasks.walltimeunit)) is None) is is_estimated


def test_a_task_without_totals_has_them_from_then_on(session: Session) -> None:
    given(session, total_done_jobs=None, total_events=None)
    finish(session, make_task_job(session, TASK, 0))

    assert totals(session) == (0, 1, 10)
