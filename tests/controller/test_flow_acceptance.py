"""Acceptance tests of flows, by the numbers of the requirements (F.4)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from pandadb.services import queue
from pandadb.services.queue import flows
from pandadb.services.queue.flows import FlowLocked, Response
from tests.queue.flow_runs import claim, fail, finish, flow_of, job, state_of, states

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]


def diamond(database: Database, on_failure: str) -> int:
    last = job("D", "B", "C", on_failure=on_failure)
    return flow_of(database, job("A"), job("B", "A"), job("C", "A"), last)


def pandaid(database: Database, flow: int, name: str) -> int:
    return int(next(j["pandaid"] for j in flows.get(database, flow).jobs if j["name"] == name))


def test_f4_9_the_last_job_of_a_diamond_waits_for_both_parents(database: Database) -> None:
    flow = diamond(database, "block")
    finish(database, "A")
    finish(database, "B")
    assert states(database, flow)["D"] == "waiting"
    finish(database, "C")
    assert states(database, flow)["D"] == "ready"


@pytest.mark.parametrize(("on_failure", "state"), [("ignore", "ready"), ("block", "waiting")])
def test_f4_9_a_failed_parent_is_ignored_or_blocks(
    database: Database, on_failure: str, state: str
) -> None:
    flow = diamond(database, on_failure)
    finish(database, "A")
    finish(database, "C")
    fail(database, "B")
    assert states(database, flow)["D"] == state


def test_f4_9_a_rerun_is_a_new_attempt_and_the_flow_goes_on(database: Database) -> None:
    flow = diamond(database, "ignore")
    finish(database, "A")
    finish(database, "C")
    fail(database, "B")
    assert state_of(database, flow) == "failed"
    before = pandaid(database, flow, "B")
    queue.rerun(database, before)
    assert pandaid(database, flow, "B") > before
    assert states(database, flow)["D"] == "waiting"
    assert state_of(database, flow) == "running"
    finish(database, "B")
    finish(database, "D")
    assert state_of(database, flow) == "completed"


@pytest.mark.parametrize("kind", ["replace", "detour", "addition"])
@pytest.mark.parametrize("first", ["stop", "end"])
def test_f4_12_a_flow_is_stopped_while_a_job_adds_another(
    database: Database, kind: str, first: str
) -> None:
    flow = flow_of(database, job("A"), job("B", "A"), job("C"))
    lease = claim(database, "A")
    changes: Any = {kind: job("X")}

    def end() -> None:
        queue.finish(database, lease, response=Response(**changes))

    def stop() -> None:
        flows.stop(database, flow)

    run_behind_each_other(database, flow, *((stop, end) if first == "stop" else (end, stop)))
    left = {state for name, state in states(database, flow).items() if name != "A"}
    assert left == {"stopped"} if kind != "replace" else left <= {"stopped"}
    assert queue.claim(database, "demo", 9, owner="w") == []


def run_behind_each_other(database: Database, flow: int, *calls: Any) -> None:
    """Let calls queue for the lock of a flow, one behind the other, and then go."""
    threads = []
    with database.transaction() as connection:
        lock = text("SELECT 1 FROM doma_panda.jedi_tasks WHERE jeditaskid = :flow FOR UPDATE")
        connection.execute(lock, {"flow": flow})
        for number, call in enumerate(calls, start=1):
            threads.append(threading.Thread(target=call))
            threads[-1].start()
            wait_for_waiting(database, number)
    for thread in threads:
        thread.join(30)


def wait_for_waiting(database: Database, number: int) -> None:
    """Wait until a number of sessions waits for locks of this database."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(600):
        with database.transaction() as connection:
            if connection.execute(waiting).scalar_one() >= number:
                return
        threading.Event().wait(0.05)
    pytest.fail("nobody waits for the lock")


def test_a_locked_flow_refuses_after_the_lock_timeout(database: Database) -> None:
    flow = flow_of(database, job("A"))
    options = queue.VerbOptions(patience=0.05)
    lease = claim(database, "A")
    with database.transaction() as connection:
        connection.execute(text("SELECT 1 FROM doma_panda.jedi_tasks FOR UPDATE"))
        with pytest.raises(FlowLocked):
            flows.stop(database, flow, options)
        with pytest.raises(FlowLocked):
            queue.finish(database, lease, options, response=Response(addition=job("X")))
    assert queue.finish(database, lease).jobs
