"""F.4-15: the twelve defects of jobflow-remote that its code shows, none of which is here."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from pandadb.controller import JobController, JobFilter, NotAllowed
from pandadb.models import JobControl, MetaTable, Outbox
from pandadb.services import queue
from pandadb.services.queue import FlowLocked, NewQueueJob, VerbOptions, steps
from pandadb.services.queue.flows import FlowFilter, FlowNotFound
from tests.controller.queued_jobs import Q, fail, finish, newest, status

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

PATIENCE = VerbOptions(patience=0.05)


def flow_of(database: Database, *jobs: NewQueueJob, name: str = "f") -> int:
    number = queue.submit(database, jobs, flow=name).jeditaskid
    assert number
    return number


def pair(database: Database, name: str = "f") -> int:
    """A flow of A and its child B."""
    return flow_of(database, NewQueueJob(Q, name="A"), NewQueueJob(Q, name="B", parents=["A"]))


def controller(database: Database) -> JobController:
    return JobController(database, options=PATIENCE)


def test_1_a_stop_cancels_the_process_of_the_job(database: Database) -> None:
    pair(database)
    job = newest(database, "A")
    (lease,) = queue.claim(database, Q, 1, owner="runner")
    steps.advance(database, lease, "staged")
    steps.advance(database, lease, "submitted", process="77")
    assert controller(database).stop(job).states == {job: "cancelled"}
    with database.session() as session:
        (event,) = session.scalars(select(Outbox).where(Outbox.kind == "cancel process"))
        assert event.payload == {"queue": Q, "process": "77"}


def test_2_all_jobs_of_several_flows_are_found(database: Database) -> None:
    flows = [flow_of(database, NewQueueJob(Q, name=n), name=f"flow {n}") for n in "AB"]
    found = controller(database).list(JobFilter(tasks=flows))
    assert [job["jobname"] for job in found.jobs] == ["A", "B"]


def test_3_both_ends_of_a_time_hold(database: Database) -> None:
    flow = pair(database)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    hour = dt.timedelta(hours=1)
    flows = controller(database).flows
    for since, until, found in ((-1, 1, [flow]), (1, 2, []), (-2, -1, [])):
        chosen = FlowFilter(since=now + since * hour, until=now + until * hour)
        assert [row["jeditaskid"] for row in flows.list(chosen).flows] == found


def test_4_a_change_of_a_job_is_one_of_its_flow(database: Database) -> None:
    flow = pair(database)
    mine = controller(database)
    before = mine.flows.get(flow).flow["changed_at"]
    mine.pause(newest(database, "B"))
    assert mine.flows.get(flow).flow["changed_at"] > before


def test_5_the_result_of_a_job_is_deleted_with_it(database: Database) -> None:
    pair(database)
    job = newest(database, "A")
    finish(database, job, {"x": 1})
    controller(database).delete(job)
    with database.session() as session:
        assert session.scalars(select(MetaTable.pandaid)).all() == []


def test_6_a_stop_of_a_flow_closes_ready_jobs_too_and_waits_for_locks(
    database: Database,
) -> None:
    flow = pair(database)
    mine = controller(database)
    with (
        queue.lock_jobs(database, newest(database, "A")),
        pytest.raises(queue.JobsLocked),
    ):
        mine.flows.stop(flow)
    assert sorted(mine.flows.stop(flow).jobs.values()) == ["closed", "closed"]


def test_7_the_state_of_a_flow_changes_under_its_lock_only(database: Database) -> None:
    flow = pair(database)
    job = newest(database, "A")
    mine = controller(database)
    with queue.lock_flows(database, [flow]):
        for verb in (mine.pause, mine.stop, mine.delete):
            with pytest.raises(FlowLocked):
                verb(job)
        with pytest.raises(FlowLocked):
            mine.set_state(job, "failed")
        with pytest.raises(FlowLocked):
            mine.flows.stop(flow)
    assert status(database, job) == "activated"


def test_8_a_flow_that_cannot_be_submitted_leaves_nothing(database: Database) -> None:
    with pytest.raises(queue.DependencyCycle):
        flow_of(
            database,
            NewQueueJob(Q, name="A", parents=["B"]),
            NewQueueJob(Q, name="B", parents=["A"]),
        )
    mine = controller(database)
    assert mine.flows.list().flows == []
    assert mine.count() == 0


def test_9_a_flow_is_deleted_under_its_lock_and_those_of_its_jobs(database: Database) -> None:
    flow = pair(database)
    mine = controller(database)
    with queue.lock_flows(database, [flow]), pytest.raises(FlowLocked):
        mine.flows.delete(flow)
    with (
        queue.lock_jobs(database, newest(database, "A")),
        pytest.raises(queue.JobsLocked),
    ):
        mine.flows.delete(flow)
    assert mine.flows.delete(flow, cancel=True) == [flow]
    with pytest.raises(FlowNotFound):
        mine.flows.get(flow)


def test_10_a_rerun_makes_a_job_that_any_worker_may_take(database: Database) -> None:
    pair(database)
    (lease,) = queue.claim(database, Q, 1, owner="w")
    assert controller(database).rerun(lease.pandaid).states == {lease.pandaid: "activated"}
    assert [one.pandaid for one in queue.claim(database, Q, 1, owner="v")] == [lease.pandaid]


def test_11_a_flow_is_not_completed_after_a_rerun(database: Database) -> None:
    flow = pair(database)
    for name in "AB":
        finish(database, newest(database, name))
    mine = controller(database)
    assert mine.flows.get(flow).flow["state"] == "completed"
    mine.rerun(newest(database, "B"), force=True)
    assert mine.flows.get(flow).flow["state"] == "running"


def test_12_a_verb_on_many_jobs_is_not_half_done(database: Database) -> None:
    names = [*"ABC"]
    flow_of(database, *(NewQueueJob(Q, name=name) for name in names))
    fail(database, newest(database, "C"))
    with pytest.raises(NotAllowed):
        controller(database).pause(JobFilter(queue=Q))
    with database.session() as session:
        held = select(func.count()).select_from(JobControl).where(JobControl.held)
        assert session.scalar(held) == 0
