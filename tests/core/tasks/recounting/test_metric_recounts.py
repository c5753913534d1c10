"""Periods of jobs and tasks that are missing or wrong are made of what is known of them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, update

from pandadb.core.jobs import advances
from pandadb.core.jobs.heartbeats import Heartbeat, beat
from pandadb.core.tasks.recounting import job_metric_recounts, task_metric_recounts
from pandadb.models import JediTasks, JobMetrics, JobsStatusLog, TaskMetrics
from tests.factories import make_task, make_task_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK = 7
TIMED = "localpool,tq=1735689600.25"
START = {"_datetime_object": "2025-01-01 00:00:00.250000"}
THEN = datetime(2026, 1, 1)


@pytest.fixture
def job(session: Session) -> int:
    """A job that has run and finished, with its period."""
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0, "starting", specialhandling=TIMED)
    beat(session, [Heartbeat(job, "running")], "here")
    advances.advance(session, "finish", [job], host="here")
    assert jobs(session) == []
    return job


def jobs(session: Session, **options: Any) -> list[tuple[int, str | None]]:
    session.flush()
    found = job_metric_recounts.recount(session, [TASK], **options)
    session.expire_all()
    return [(one.id, one.refused) for one in found]


def period(session: Session) -> dict[str, Any]:
    found = json.loads(session.scalars(select(JobMetrics.data)).one() or "{}")
    return dict(found["queuingPeriod"])


def test_a_missing_period_of_a_job_is_made_of_its_log(session: Session, job: int) -> None:
    before = period(session)
    session.execute(delete(JobMetrics))

    assert jobs(session, repair=False) == jobs(session) == [(job, None)]

    made = period(session)
    assert (made["start"], made["status"]) == (START, "running") == (
        before["start"], before["status"],
    )  # fmt: skip
    assert made["end"]["_datetime_object"][:10] == before["end"]["_datetime_object"][:10]
    assert jobs(session) == []


def test_other_data_of_a_job_stay(session: Session, job: int) -> None:
    session.execute(update(JobMetrics).values(data=json.dumps({"other": 1})))

    assert jobs(session) == [(job, None)]

    data = json.loads(session.scalars(select(JobMetrics.data)).one() or "")
    assert (data["other"], data["queuingPeriod"]["start"]) == (1, START)


def test_a_period_begins_when_the_task_was_queued(session: Session, job: int) -> None:
    wrong = {
        "queuingPeriod": {**period(session), "start": {"_datetime_object": "2024-01-01 0:0:0"}}
    }
    session.execute(update(JobMetrics).values(data=json.dumps(wrong)))

    assert jobs(session) == [(job, None)]
    assert period(session)["start"] == START


def test_a_job_without_a_log_or_with_broken_data_is_refused(session: Session, job: int) -> None:
    session.execute(update(JobMetrics).values(data="?"))
    assert jobs(session) == [(job, job_metric_recounts.BROKEN)]
    session.execute(delete(JobMetrics))
    session.execute(delete(JobsStatusLog))
    assert jobs(session) == [(job, job_metric_recounts.NO_LOG)]
    assert session.scalars(select(JobMetrics.data)).all() == []


def test_a_job_that_ended_after_its_task_without_a_run_needs_no_period(session: Session) -> None:
    make_task(session, TASK, files=1)
    session.execute(update(JediTasks).values(status="aborted"))
    job = make_task_job(session, TASK, 0, "starting", specialhandling=TIMED)
    advances.advance(session, "kill", [job], host="here")
    session.execute(
        JobsStatusLog.metadata.tables["doma_panda.tasks_statuslog"].insert().values(
            jeditaskid=TASK, modificationtime=THEN, status="aborted"
        )
    )  # fmt: skip

    assert jobs(session) == []


def test_open_periods_of_a_task_that_has_ended_end_with_it(session: Session) -> None:
    make_task(session, TASK, files=0)
    columns = {"queuedtime": THEN, "activatedtime": THEN, "statechangetime": THEN}
    session.execute(update(JediTasks).values(status="done", **columns))

    found = task_metric_recounts.recount(session, repair=False)

    assert [(one.counter, one.right) for one in found] == [
        ("queuingPeriods", "ended"), ("activePeriod", "ended"),
    ]  # fmt: skip
    assert task_metric_recounts.recount(session, [TASK]) == found
    assert task_metric_recounts.recount(session) == []
    data = json.loads(session.scalars(select(TaskMetrics.data)).one() or "")
    at = {"_datetime_object": "2026-01-01 00:00:00.000000"}
    assert data["queuingPeriods"] == [{"start": at, "end": at, "status": "done"}]


def test_metrics_that_cannot_be_read_are_left(session: Session) -> None:
    make_task(session, TASK, files=0)
    session.execute(update(JediTasks).values(status="done", queuedtime=THEN))
    times = {"creationtime": THEN, "modificationtime": THEN}
    session.add(TaskMetrics(jeditaskid=TASK, data="[", **times))
    session.flush()

    (one,) = task_metric_recounts.recount(session)

    assert one.refused == task_metric_recounts.BROKEN
    assert session.scalars(select(JediTasks.queuedtime)).one() == THEN
