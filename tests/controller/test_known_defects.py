"""F.4-15: the twelve defects of jobflow-remote that its code shows, none of which is here."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select

from pandadb.controller import JobController, JobFilter, NotAllowed, in_standing
from pandadb.models import JediTasks, JobControl, JobDependency, Jobs, MetaTable, Outbox
from pandadb.services import queue
from pandadb.services.queue import FlowLocked, NewQueueJob, VerbOptions, steps
from pandadb.services.queue.flows import FlowFilter, FlowNotAllowed, FlowNotFound
from tests.controller.advisory_blocks import crash, gate, until_waits
from tests.controller.queued_jobs import Q, fail, finish, newest, status, take

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


def cancelled_processes(database: Database) -> list[str]:
    """Return the processes that events of the outbox cancel."""
    with database.session() as session:
        events = session.scalars(select(Outbox).where(Outbox.kind == "cancel process")).all()
    assert {one.payload["queue"] for one in events} <= {Q}
    return [one.payload["process"] for one in events]


def test_1_a_stop_cancels_the_process_of_the_job(database: Database) -> None:
    pair(database)
    job = newest(database, "A")
    (lease,) = queue.claim(database, Q, 1, owner="runner")
    steps.advance(database, lease, "staged")
    steps.advance(database, lease, "submitted", process="77")
    assert controller(database).stop(job).states == {job: "cancelled"}
    assert cancelled_processes(database) == ["77"]


def test_2_all_jobs_of_several_flows_are_found(database: Database) -> None:
    flows = [pair(database, f"flow {n}") for n in range(3)]
    mine = controller(database)
    found = mine.list(JobFilter(tasks=flows[:2]))
    assert [job["jobname"] for job in found.jobs] == [*"ABAB"]
    assert [job["name"] for job in mine.flows.get(flows[2]).jobs] == [*"AB"]


def test_3_both_ends_of_a_time_hold(database: Database) -> None:
    flow = pair(database)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    hour = dt.timedelta(hours=1)
    mine = controller(database)
    for since, until, found in ((-1, 1, [flow]), (1, 2, []), (-2, -1, [])):
        times = {"since": now + since * hour, "until": now + until * hour}
        flows = mine.flows.list(FlowFilter(**times)).flows
        assert [row["jeditaskid"] for row in flows] == found
        assert mine.count(JobFilter(**times)) == 2 * len(found)


def test_4_a_change_of_a_job_is_one_of_its_flow(database: Database) -> None:
    flow = pair(database)
    mine = controller(database)
    before = mine.flows.get(flow).flow["changed_at"]
    mine.pause(newest(database, "B"))
    assert mine.flows.get(flow).flow["changed_at"] > before


@pytest.mark.parametrize("form", ["PandaID", "public id", "filter", "flow"])
def test_5_the_result_of_a_job_is_deleted_with_it(database: Database, form: str) -> None:
    flow = pair(database)
    job = newest(database, "A")
    finish(database, job, {"x": 1})
    with database.session() as session:
        assert session.scalars(select(MetaTable.pandaid)).all() == [job]
        (public_id,) = session.scalars(
            select(JobControl.public_id).where(JobControl.pandaid == job)
        )
    mine = controller(database)
    if form == "flow":
        mine.flows.delete(flow, cancel=True)
    else:
        mine.delete({"PandaID": job, "public id": public_id, "filter": JobFilter(name="A")}[form])
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


def test_6_a_stop_of_children_closes_those_that_are_ready(database: Database) -> None:
    pair(database)
    parent, child = newest(database, "A"), newest(database, "B")
    finish(database, parent)
    assert status(database, child) == "activated"
    mine = controller(database)
    with queue.lock_jobs(database, child), pytest.raises(queue.JobsLocked):
        mine.flows.stop_children(parent)
    assert mine.flows.stop_children(parent).jobs == {child: "closed"}


@pytest.mark.parametrize("verb", ["stop", "stop_children"])
def test_6_a_stop_waits_for_a_parent_that_ends_and_closes_the_child_that_it_makes_ready(
    database: Database, verb: str
) -> None:
    flow = pair(database)
    parent, child = newest(database, "A"), newest(database, "B")
    lease = take(database, parent)
    flows = JobController(database).flows
    with ThreadPoolExecutor(2) as pool, gate(database, "doma_panda.jobsactive4") as go_on:
        ends = pool.submit(queue.finish, database, lease)
        until_waits(database, 1)
        stops = pool.submit(getattr(flows, verb), flow if verb == "stop" else parent)
        until_waits(database, 2)
        go_on()
        assert ends.result().jobs == {parent: "finished"}
        assert stops.result().jobs == {child: "closed"}
    assert queue.claim(database, Q, 9, owner="w") == []


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


def test_7_the_state_of_a_flow_and_those_of_its_jobs_change_at_one_moment(
    database: Database,
) -> None:
    flow = pair(database)
    for verb, before, after in (
        (lambda: queue.claim(database, Q, 1, owner="w"), "ready", "running"),
        (lambda: JobController(database).stop(newest(database, "A")), "running", "stopped"),
    ):
        with gate(database, "doma_panda.jobsactive4") as go_on, ThreadPoolExecutor(1) as pool:
            working = pool.submit(verb)
            until_waits(database, 1)
            meanwhile = controller(database).flows.get(flow)
            go_on()
            working.result()
        found = controller(database).flows.get(flow)
        assert [meanwhile.flow["state"], found.flow["state"]] == [before, after]
        assert meanwhile.jobs[0]["jobstatus"] != found.jobs[0]["jobstatus"]


def test_7_a_flow_is_read_with_its_jobs_as_of_one_moment(database: Database) -> None:
    """A worker ends the job between the statements of the read."""
    flow = flow_of(database, NewQueueJob(Q, name="A"))
    lease = take(database, newest(database, "A"))
    leases = [lease]

    def finish_now(*_: Any) -> None:
        if leases:
            queue.finish(database, leases.pop())

    event.listen(database.engine, "after_cursor_execute", finish_now)
    found = controller(database).flows.get(flow)
    event.remove(database.engine, "after_cursor_execute", finish_now)

    assert leases == []
    assert (found.flow["state"], found.jobs[0]["state"]) in (
        ("running", "running"),
        ("completed", "completed"),
    )


def submit_pair(database: Database) -> None:
    """Submit the flow of A and B, in a process of its own."""
    pair(database)


@pytest.mark.parametrize("table", ["jedi_tasks", "jobsactive4", "jobsdefined4"])
def test_8_a_submission_that_is_killed_midway_leaves_neither_flow_nor_jobs(
    database: Database, database_url: str, table: str
) -> None:
    crash(database, database_url, f"doma_panda.{table}", submit_pair)
    mine = controller(database)
    assert mine.flows.list().flows == []
    with database.session() as session:
        for model in (JediTasks, Jobs, JobControl, JobDependency):
            assert session.scalar(select(func.count()).select_from(model)) == 0
    assert len(mine.flows.get(pair(database)).jobs) == 2


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


def test_9_the_processes_of_a_deleted_flow_are_cancelled(database: Database) -> None:
    flow = pair(database)
    (lease,) = queue.claim(database, Q, 1, owner="runner")
    steps.advance(database, lease, "staged")
    steps.advance(database, lease, "submitted", process="78")
    with pytest.raises(FlowNotAllowed):
        controller(database).flows.delete(flow)
    assert controller(database).flows.delete(flow, cancel=True) == [flow]
    assert cancelled_processes(database) == ["78"]


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


def pause_all(database: Database) -> None:
    """Pause all jobs, in a process of its own."""
    JobController(database).pause(JobFilter(queue=Q))


@pytest.mark.parametrize("table", ["doma_panda.jobsactive4", "pandadb.job_control"])
def test_12_a_verb_on_many_jobs_that_is_killed_midway_changes_none(
    database: Database, database_url: str, table: str
) -> None:
    last = queue.submit(database, [NewQueueJob(Q)] * 50).pandaids[-1]
    crash(database, database_url, table, pause_all, last)
    mine = controller(database)
    assert (mine.count(in_standing("ready")), mine.count(in_standing("paused"))) == (50, 0)
    assert len(mine.pause(JobFilter(queue=Q)).changed) == 50
