"""Flows: their states follow from their jobs, which may change the graph while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.queue.flows.flow_rows import NewFlow
from pandadb.core.queue.flows.graphs import Graph, Response
from pandadb.models import FlowJobs, Flows
from pandadb.services import queue
from pandadb.services.queue import NewQueueJob

if TYPE_CHECKING:
    from pandadb.database import Database

Q = "demo"
DIAMOND = (
    NewQueueJob(name="A"),
    NewQueueJob(name="B", parents=["A"]),
    NewQueueJob(name="C", parents=["A"]),
    NewQueueJob(name="D", parents=["B", "C"]),
)


def flow_of(database: Database, *jobs: NewQueueJob, **given: Any) -> int:
    number = queue.submit(database, jobs, flow=NewFlow("f", queue=Q, **given)).jeditaskid
    assert number
    return number


def state(database: Database, flow: int) -> str:
    with database.session() as session:
        return session.execute(select(Flows.state).where(Flows.jeditaskid == flow)).scalar_one()


def jobs(database: Database, flow: int) -> dict[str, str]:
    with database.session() as session:
        rows = session.execute(
            select(FlowJobs.name, FlowJobs.index_number, FlowJobs.state).where(
                FlowJobs.jeditaskid == flow
            )
        )
        return {name if n == 1 else f"{name}#{n}": state for name, n, state in sorted(rows)}


def finish(database: Database, name: str, **response: Any) -> None:
    leases = {one.name: one for one in queue.claim(database, Q, 99, owner="w")}
    queue.finish(database, leases.pop(name), response=Response(**response) if response else None)
    if leases:
        queue.give_back(database, [*leases.values()])


def test_a_diamond(database: Database) -> None:
    flow = flow_of(database, *DIAMOND)
    assert state(database, flow) == "ready"
    for name in "AB":
        finish(database, name)
    assert state(database, flow) == "running"
    for name in "CD":
        finish(database, name)
    assert state(database, flow) == "completed"


def test_a_job_is_replaced(database: Database) -> None:
    flow = flow_of(database, *DIAMOND)
    finish(database, "A", replace=NewQueueJob(name="R"))
    assert jobs(database, flow) == {
        "A": "completed",
        "A#2": "ready",
        "B": "waiting",
        "C": "waiting",
        "D": "waiting",
    }
    finish(
        database,
        "A",
        replace=Graph([NewQueueJob(name="X"), NewQueueJob(name="Y", parents=["X"])], output="Y"),
    )
    assert jobs(database, flow) == {
        "A": "completed",
        "A#2": "completed",
        "A#3": "waiting",
        "B": "waiting",
        "C": "waiting",
        "D": "waiting",
        "X": "ready",
        "Y": "waiting",
    }
    finish(database, "X")
    finish(database, "Y", detour=[NewQueueJob(), NewQueueJob()], addition=NewQueueJob(name="Z"))
    assert jobs(database, flow)["A#3"] == "waiting"
    finish(database, "job 1", stop_children=True)
    assert jobs(database, flow)["A#3"] == "stopped"
    assert state(database, flow) == "stopped"
