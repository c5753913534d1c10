"""What the controller reads of jobs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from pandadb.controller import JobController, JobFilter
from pandadb.core.jobs.search.pages import UnknownJob
from pandadb.models import HarvesterRelJobsWorkers, HarvesterWorkers, JobControl
from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from tests.factories import make_archived, make_job, make_retry

if TYPE_CHECKING:
    from pandadb.database import Database


@pytest.fixture
def controller(database: Database) -> JobController:
    return JobController(database, user="ann")


def test_a_job_is_got_short_or_full_or_is_none(
    database: Database, controller: JobController
) -> None:
    (pandaid,) = queue.submit(database, [NewQueueJob("demo", handler="x", name="a")]).pandaids
    with database.session() as session:
        name = session.scalars(select(JobControl.public_id)).one()
        archived = make_archived(session, "finished")

    short, full = controller.get(name), controller.get(pandaid, full=True)
    assert short is not None
    assert full is not None
    assert (short["pandaid"], short["jobname"], len(short)) == (pandaid, "a", 15)
    assert full["jobparameters"] == '{"handler": "x"}'
    assert controller.get(archived) is not None
    assert controller.get(5) is None
    assert controller.get("bcdfghjkmnpq") is None


def test_jobs_are_listed_counted_and_reported(
    database: Database, controller: JobController
) -> None:
    with database.session() as session:
        made = [make_job(session, state) for state in ("running", "running", "failed")]
    running = JobFilter(status="running")

    assert [job["pandaid"] for job in controller.list(running).jobs] == made[:2]
    assert [job["pandaid"] for job in controller.list(order="pandaid", limit=2).jobs] == made[:2]
    assert controller.list(full=True).jobs[0]["files"] == []
    assert (controller.count(), controller.count(running)) == (3, 2)
    assert controller.count(by="jobstatus") == {"running": 2, "failed": 1}
    assert controller.report(~running).states == {"failed": 1}
    assert [one["record"]["job"]["pandaid"] for one in controller.dump(made[0])] == made[:1]
    assert controller.output(made[0]).result is None


def test_the_last_attempt_is_found_by_any_attempt(
    database: Database, controller: JobController
) -> None:
    with database.session() as session:
        first, second, third = (make_job(session, "failed", jeditaskid=7) for _ in range(3))
        make_retry(session, first, second)
        make_retry(session, second, third, first)

    assert {controller.last_attempt(job) for job in (first, second, third)} == {third}
    assert [step.pandaid for step in controller.history(second).attempts] == [first, second, third]
    with pytest.raises(UnknownJob, match="Job 5 is unknown"):
        controller.last_attempt(5)


def test_jobs_are_found_by_the_process_that_runs_them(
    database: Database, controller: JobController
) -> None:
    queued = queue.submit(database, [NewQueueJob("demo", handler="x")]).pandaids
    with database.session() as session:
        by_worker, by_column, _ = (make_job(session, "running") for _ in range(3))
        session.get_one(JobControl, queued[0]).details = {"process": "77"}
        job = session.scalars(select(JobControl)).one()
        assert job.details == {"process": "77"}
        session.add(
            HarvesterWorkers(
                harvesterid="h",
                workerid=1,
                batchid="77",
                status="running",
                lastupdate=datetime(2026, 11, 20),
            )
        )
        session.add(
            HarvesterRelJobsWorkers(
                harvesterid="h", workerid=1, pandaid=by_worker, lastupdate=datetime(2026, 11, 20)
            )
        )
        make_job(session, "running", pandaid=by_column + 100, batchid="77")

    found = [job["pandaid"] for job in controller.list(JobFilter(process="77")).jobs]
    assert found == sorted([*queued, by_worker, by_column + 100])
    assert controller.count(~JobFilter(process="77")) == 2
