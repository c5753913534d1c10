"""Flows: their states follow from their jobs, which may change the graph while they run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from pandadb.core.sql.validation import InvalidValue
from pandadb.models import (
    JediTaskParams,
    JediTasks,
    JobControl,
    JobDependency,
    JobLease,
    JobParams,
    Jobs,
    JobsStatusLog,
    MetaTable,
)
from pandadb.services import queue
from pandadb.services.queue import Failure, LeaseLost, NewQueueJob, flows
from pandadb.services.queue.flows import (
    FlowExists,
    FlowFilter,
    FlowNotAllowed,
    FlowNotFound,
    Graph,
    NewFlow,
    ParentOutside,
    TooManyFlows,
)
from tests.queue.flow_runs import DIAMOND, Q, fail, finish, flow_of, job, state_of, states

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database


def test_the_state_of_a_flow_follows_from_its_jobs(database: Database) -> None:
    flow = flow_of(database, *DIAMOND)
    assert state_of(database, flow) == "ready"
    finish(database, "A")
    assert state_of(database, flow) == "running"
    fail(database, "B")
    assert state_of(database, flow) == "failed"
    finish(database, "C")
    assert states(database, flow)["D"] == "waiting"
    failed = next(one for one in flows.get(database, flow).jobs if one["name"] == "B")
    queue.rerun(database, failed["pandaid"])
    assert state_of(database, flow) == "running"
    finish(database, "B")
    finish(database, "D")
    assert state_of(database, flow) == "completed"
    assert flows.count(database) == {"completed": 1}


def test_jobs_have_of_their_flow_what_they_lack(database: Database) -> None:
    jobs = [job("A"), NewQueueJob("other", "B", priority=0, resources={"nodes": 2})]
    flow = flow_of(database, *jobs, priority=7, resources={"nodes": 1}, metadata={"p": 1})
    found = flows.get(database, flow)
    assert [(one["queue"], one["currentpriority"]) for one in found.jobs] == [(Q, 7), ("other", 0)]
    assert found.metadata == {"p": 1}


def test_a_job_is_replaced_by_a_job_and_then_by_a_graph(database: Database) -> None:
    flow = flow_of(database, *DIAMOND)
    finish(database, "A", replace=job("R"))
    waiting = dict.fromkeys("BCD", "waiting")
    assert states(database, flow) == {"A": "completed", "A#2": "ready", **waiting}
    finish(database, "A", replace=Graph([job("X"), job("Y", "X")], output="Y"))
    found = states(database, flow)
    assert (found["X"], found["Y"], found["A#3"], found["B"]) == ("ready", *["waiting"] * 3)
    finish(database, "X")
    finish(database, "Y", result=5)
    finish(database, "A")
    found = states(database, flow)
    assert (found["A#3"], found["B"], found["C"]) == ("completed", "ready", "ready")


def test_the_output_of_a_graph_is_the_result_of_the_job_that_it_replaces(
    database: Database,
) -> None:
    flow = flow_of(database, job("A"))
    finish(database, "A", replace=Graph([job("X")], output="X"))
    finish(database, "X", result={"x": 5})
    finish(database, "A")
    last = next(one for one in flows.get(database, flow).jobs if one["index_number"] == 2)
    assert metadata_of(database, last["pandaid"]) == '{"x": 5}'


def metadata_of(database: Database, pandaid: int) -> str:
    with database.session() as session:
        found = select(MetaTable.metadata_).where(MetaTable.pandaid == pandaid)
        return str(session.scalars(found).one())


def test_a_detour_is_between_a_job_and_its_children(database: Database) -> None:
    flow = flow_of(database, job("A"), job("B", "A"))
    finish(database, "A", detour=[job("X"), job("Y")], addition=job("Z"))
    found = states(database, flow)
    assert found == {"A": "completed", "B": "waiting", "X": "ready", "Y": "ready", "Z": "waiting"}
    finish(database, "X")
    assert states(database, flow)["B"] == "waiting"
    finish(database, "Y")
    found = states(database, flow)
    assert (found["B"], found["Z"]) == ("ready", "ready")


def test_new_jobs_with_a_name_that_is_taken_get_a_number(database: Database) -> None:
    flow = flow_of(database, job("A"), job("B"))
    finish(database, "A", addition=[job("B"), NewQueueJob(handler="nothing")])
    assert [*states(database, flow)] == ["A", "B", "B 2", "job 1"]


def test_a_lost_lease_adds_no_job(database: Database) -> None:
    flow = flow_of(database, job("A"))
    (lease,) = queue.claim(database, Q, 1, owner="w")
    queue.finish(database, lease)
    with pytest.raises(LeaseLost):
        queue.finish(database, lease, response=flows.Response(addition=job("X")))
    assert states(database, flow) == {"A": "completed"}


def test_a_malformed_response_leaves_the_job_running(database: Database) -> None:
    flow = flow_of(database, job("A"))
    (lease,) = queue.claim(database, Q, 1, owner="w")
    with pytest.raises(queue.UnknownParent):
        queue.finish(database, lease, response=flows.Response(addition=job("X", "nobody")))
    assert states(database, flow) == {"A": "running"}
    queue.finish(database, lease)


def test_children_are_stopped_one_level_deep(database: Database) -> None:
    flow = flow_of(database, job("A"), job("B", "A"), job("C", "B"))
    finish(database, "A", stop_children=True)
    assert states(database, flow) == {"A": "completed", "B": "stopped", "C": "waiting"}
    assert flows.resume(database, flow).number == 1
    assert states(database, flow)["B"] == "ready"


def test_a_stopped_flow_takes_no_job_until_it_is_resumed(database: Database) -> None:
    flow = flow_of(database, job("A"), job("B", "A"))
    (lease,) = queue.claim(database, Q, 1, owner="w")
    assert flows.stop(database, flow).number == 1
    added = queue.submit(database, [job("C")], flow=flow)
    queue.finish(database, lease, response=flows.Response(addition=job("X")))
    assert states(database, flow) == {"A": "completed", **dict.fromkeys("BCX", "stopped")}
    assert added.jeditaskid == flow
    flows.resume(database, flow)
    assert states(database, flow) == {"A": "completed", **dict.fromkeys("BCX", "ready")}


def test_a_stopped_flow_goes_on_with_the_last_of_its_stopped_jobs(database: Database) -> None:
    flow = flow_of(database, job("A"), job("B"), job("C"))
    flows.stop(database, flow)
    member = {one["name"]: one["pandaid"] for one in flows.get(database, flow).jobs}
    queue.resume(database, [member["A"], member["B"]])
    finish(database, "A", addition=job("X"))
    assert states(database, flow)["X"] == "stopped"
    member = {one["name"]: one["pandaid"] for one in flows.get(database, flow).jobs}
    queue.resume(database, member["X"])
    queue.set_state(database, member["C"], "ready")
    finish(database, "B", addition=job("Y"))
    assert states(database, flow)["Y"] == "ready"


def test_only_stopped_and_paused_flows_are_resumed(database: Database) -> None:
    flow = flow_of(database, job("A"))
    with pytest.raises(FlowNotAllowed, match="is ready"):
        flows.resume(database, flow)
    with pytest.raises(FlowNotFound):
        flows.resume(database, flow + 1)


def test_parents_outside_of_the_flow_have_to_be_allowed(database: Database) -> None:
    (outside,) = queue.submit(database, [NewQueueJob(Q, "A", handler="nothing")]).pandaids
    child = NewQueueJob(Q, "B", handler="nothing", parents=[outside])
    with pytest.raises(ParentOutside, match="have to be"):
        flow_of(database, child)
    flow = flow_of(database, child, allows_outer_parents=True)
    assert states(database, flow) == {"B": "waiting"}
    finish(database, "A")
    assert states(database, flow) == {"B": "ready"}


@pytest.mark.parametrize(("end", "state"), [(fail, "failed"), (finish, "completed")])
def test_a_job_that_only_other_flows_wait_for_is_a_leaf_of_its_own(
    database: Database, end: Callable[[Database, str], None], state: str
) -> None:
    flow = flow_of(database, job("A"), job("B"))
    inner = [one["pandaid"] for one in flows.get(database, flow).jobs]
    flow_of(database, job("C", *inner), name="g", allows_outer_parents=True)
    finish(database, "A")
    assert state_of(database, flow) == "running"
    end(database, "B")
    assert state_of(database, flow) == state


def test_a_failed_flow_that_is_stopped_is_resumed_after_the_rerun(database: Database) -> None:
    flow = flow_of(database, job("A"), job("B"))
    fail(database, "A")
    assert flows.stop(database, flow).number == 1
    with pytest.raises(FlowNotAllowed, match="is failed"):
        flows.resume(database, flow)
    failed = next(one["pandaid"] for one in flows.get(database, flow).jobs if one["name"] == "A")
    queue.rerun(database, failed)
    assert state_of(database, flow) == "stopped"
    assert flows.resume(database, flow).number == 1
    assert state_of(database, flow) == "ready"


def test_a_stop_leaves_a_completed_flow_as_it_is(database: Database) -> None:
    flow = flow_of(database, job("A"))
    finish(database, "A")
    assert flows.stop(database, flow).number == 0
    assert not flows.get(database, flow).flow["is_stopped"]
    with pytest.raises(FlowNotAllowed, match="is completed"):
        flows.resume(database, flow)


@pytest.mark.parametrize("graph", [Graph([job("X")]), [job("X")]])
def test_a_graph_without_an_output_takes_no_place(
    database: Database, graph: Graph | list[NewQueueJob]
) -> None:
    flow = flow_of(database, job("A"), job("B", "A"))
    finish(database, "A", replace=graph)
    assert states(database, flow) == {"A": "completed", "B": "ready", "X": "ready"}


def test_a_flow_can_be_the_only_one_of_its_name(database: Database) -> None:
    flow_of(database, job("A"), name="relax")
    with pytest.raises(FlowExists, match="'relax' already"):
        flow_of(database, job("A"), name="relax", is_unique=True)
    assert flows.count(database) == {"ready": 1}
    flow = flow_of(database, job("A"), name="static", is_unique=True)
    with ThreadPoolExecutor(4) as pool:
        calls = [
            pool.submit(flow_of, database, job("A"), name="both", is_unique=True) for _ in range(4)
        ]
        errors = [type(one.exception()) for one in calls]
    assert errors.count(FlowExists) == 3
    assert errors.count(type(None)) == 1
    flows.delete(database, flow, cancel=True)
    flow_of(database, job("A"), name="static", is_unique=True)


def test_two_jobs_of_a_flow_have_no_name_in_common(database: Database) -> None:
    with pytest.raises(InvalidValue, match="name 'A'"):
        flow_of(database, job("A"), job("A"))
    assert flows.find(database).flows == []


def test_flows_are_found_page_by_page_and_by_each_criterion(database: Database) -> None:
    one = flow_of(database, job("A"), name="relax_1", metadata={"a": {"b": 1}})
    two = flow_of(database, job("B"), name="static", username="ann")
    page = flows.find(database, limit=1)
    assert [row["jeditaskid"] for row in page.flows] == [two]
    assert [row["jeditaskid"] for row in flows.find(database, after=page.next).flows] == [one]
    member = flows.get(database, one).jobs[0]["pandaid"]
    for chosen in (
        FlowFilter(name="relax*"),
        FlowFilter(metadata={"a.b": 1}),
        FlowFilter(flows=one),
        FlowFilter(jobs=[member]),
        FlowFilter(states="ready", name="*_1"),
    ):
        assert [row["jeditaskid"] for row in flows.find(database, chosen).flows] == [one]
    assert flows.count(database, FlowFilter(username="ann")) == {"ready": 1}
    with queue.lock_flows(database, [one]):
        for locked, flow in ((True, one), (False, two)):
            found = flows.find(database, FlowFilter(locked=locked)).flows
            assert [row["jeditaskid"] for row in found] == [flow]
    assert flows.of_job(database, member) == one
    with pytest.raises(InvalidValue, match="is it ready"):
        FlowFilter(states="redy")


def test_a_flow_is_deleted_with_all_rows_of_its_jobs(database: Database) -> None:
    flow = flow_of(database, *DIAMOND)
    with pytest.raises(FlowNotAllowed, match="has not ended"):
        flows.delete(database, flow)
    with pytest.raises(TooManyFlows, match="limit is 1"):
        flows.delete(database, [flow, flow + 1], limit=1)
    finish(database, "A")
    (lease, _) = queue.claim(database, Q, 2, owner="w")
    dry = queue.VerbOptions(dry_run=True)
    assert flows.delete(database, flow, dry, cancel=True) == [flow]
    assert flows.delete(database, [flow, flow + 1], cancel=True) == [flow]
    assert flows.delete(database, flow) == []
    with pytest.raises(LeaseLost):
        queue.fail(database, Failure(lease, "late"))
    assert leftovers(database) == {}


def leftovers(database: Database) -> dict[str, int]:
    models = (
        JediTaskParams, JediTasks, JobControl, JobDependency, JobLease, JobParams, Jobs,
        JobsStatusLog,
    )  # fmt: skip
    with database.session() as session:
        numbers = {
            model.__tablename__: session.scalar(select(func.count()).select_from(model))
            for model in models
        }
    return {name: number for name, number in numbers.items() if number}


def test_a_large_reset_needs_the_date(database: Database) -> None:
    for name in "ab":
        flow_of(database, job("A"), name=name)
    with pytest.raises(TooManyFlows, match="today's"):
        flows.reset(database, limit=2)
    assert flows.reset(database, limit=3) == 2
    assert flows.count(database) == {}


def test_a_refresh_finds_nothing_to_do(database: Database) -> None:
    flow = flow_of(database, *DIAMOND)
    assert flows.refresh(database, flow).jobs == {}


@pytest.mark.parametrize(
    ("text", "ending", "words"),
    [
        ("{}", "json", "jobs of a flow"),
        ("[1]", "yaml", "a document"),
        ("{", "json", "no json"),
        ("x", "ini", "ini"),
        ('{"name": "f", "jobs": [{"nam": 1}]}', "json", "job 1: 'nam' is unknown: is it name"),
        ('{"name": "f", "jobs": [{"name": "A", "argv": "ls"}]}', "json", "argv has to be a list"),
        ('{"jobs": []}', "json", "missing"),
    ],
)
def test_a_malformed_document_is_refused(text: str, ending: str, words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        flows.read(text, ending)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ('{"name": "f", "queue": "q", "jobs": [{"name": "A", "argv": ["ls"]}]}', "json"),
        ("name: f\nqueue: q\njobs:\n- {name: A, argv: [ls]}\n", "yaml"),
        ('name = "f"\nqueue = "q"\n[[jobs]]\nname = "A"\nargv = ["ls"]\n', "toml"),
    ],
)
def test_a_flow_is_json_yaml_or_toml(text: str, ending: str) -> None:
    assert flows.read(text, ending) == (
        NewFlow("f", queue="q"),
        [NewQueueJob(name="A", argv=["ls"])],
    )
