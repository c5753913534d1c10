"""Jobs and tasks that are timed have their periods of queuing recorded, once each."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core.jobs import advances, queuing_periods
from pandadb.core.jobs.heartbeats import Heartbeat, beat
from pandadb.models import JediDatasets, JediTasks, JobMetrics, TaskMetrics
from tests.factories import make_task, make_task_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK = 7
TIMED = "localpool,tq=1735689600.25"


def metrics(session: Session, model: Any) -> list[Any]:
    return [json.loads(data) for data in session.scalars(select(model.data))]


def set_task(session: Session, tobeused: int = 0, **columns: Any) -> None:
    session.execute(update(JediTasks).values(realmodificationtime=None, **columns))
    session.execute(
        update(JediDatasets)
        .where(JediDatasets.masterid.is_(None))
        .values(nfilestobeused=tobeused, nfilesused=1)
    )


def test_the_period_of_a_job_ends_when_it_runs(session: Session) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0, "starting", specialhandling=TIMED)

    beat(session, [Heartbeat(job, "running")], "here")
    beat(session, [Heartbeat(job, "running")], "here")
    advances.advance(session, "finish", [job], host="here")

    (found,) = metrics(session, JobMetrics)
    period = found["queuingPeriod"]
    assert period["status"] == "running"
    assert period["start"] == {"_datetime_object": "2025-01-01 00:00:00.250000"}


@pytest.mark.parametrize("verb", ["fail", "kill hard"])
def test_a_job_that_never_ran_has_queued_until_its_end(session: Session, verb: str) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0, "running", specialhandling=TIMED)

    advances.advance(session, verb, [job], host="here")

    (found,) = metrics(session, JobMetrics)
    assert found["queuingPeriod"]["status"] == ("failed" if verb == "fail" else "cancelled")


@pytest.mark.parametrize(
    "columns",
    [{"specialhandling": "xtq=5"}, {"specialhandling": "tq=soon"}, {"lockedby": "x"}, {}],
)
def test_other_jobs_have_no_period(session: Session, columns: dict[str, str]) -> None:
    make_task(session, TASK, files=1)
    given = {"specialhandling": TIMED if "lockedby" in columns else "debug", **columns}
    job = make_task_job(session, TASK, 0, "running", **given)

    advances.advance(session, "fail", [job], host="here")

    assert metrics(session, JobMetrics) == metrics(session, TaskMetrics) == []
    assert session.scalar(select(JediTasks.queuedtime)) is None


def test_other_measurements_of_a_job_are_kept(session: Session) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0, "running", specialhandling=TIMED)
    now = datetime(2026, 1, 1)
    session.add(JobMetrics(pandaid=job, jeditaskid=TASK, modificationtime=now, data='{"a": 1}'))
    session.flush()

    advances.advance(session, "finish", [job], host="here")

    (found,) = metrics(session, JobMetrics)
    assert found["a"] == 1
    assert "queuingPeriod" in found


def test_a_file_to_be_tried_again_queues_its_task(session: Session) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0, "running", specialhandling=TIMED)

    advances.advance(session, "fail", [job], host="here")

    assert session.scalar(select(JediTasks.queuedtime)) is not None
    assert metrics(session, TaskMetrics) == []


def test_a_task_with_inputs_is_queued_and_active(session: Session) -> None:
    make_task(session, TASK, files=1)
    set_task(session, tobeused=2)

    queuing_periods.record_tasks(session, [TASK])

    queued, active = session.execute(select(JediTasks.queuedtime, JediTasks.activatedtime)).one()
    assert queued == active is not None


@pytest.mark.parametrize(("status", "oldstatus"), [("running", None), ("pending", "ready")])
def test_a_task_without_inputs_has_queued_so_long(
    session: Session, status: str, oldstatus: str | None
) -> None:
    make_task(session, TASK, files=1)
    for _ in range(2):
        set_task(session, status=status, oldstatus=oldstatus, queuedtime=datetime(2026, 1, 1))
        queuing_periods.record_tasks(session, [TASK])

    (found,) = metrics(session, TaskMetrics)
    assert [one["status"] for one in found["queuingPeriods"]] == [status] * 2
    assert found["queuingPeriods"][0]["start"] == {"_datetime_object": "2026-01-01 00:00:00.000000"}
    assert session.scalar(select(JediTasks.queuedtime)) is None


def test_a_paused_task_queues_no_more_whatever_its_inputs(session: Session) -> None:
    make_task(session, TASK, files=1)
    set_task(session, tobeused=2, status="paused", queuedtime=datetime(2026, 1, 1))

    queuing_periods.record_tasks(session, [TASK])

    assert len(metrics(session, TaskMetrics)) == 1
