"""Flows that tests submit, and workers that end their jobs by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.services import queue
from pandadb.services.queue import Failure, Lease, NewQueueJob, Success, flows
from pandadb.services.queue.flows import NewFlow, Response

if TYPE_CHECKING:
    from pandadb.database import Database

Q = "demo"


def job(name: str, *parents: str, **given: Any) -> NewQueueJob:
    return NewQueueJob(name=name, parents=parents, handler="nothing", **given)


DIAMOND = (job("A"), job("B", "A"), job("C", "A"), job("D", "B", "C"))


def flow_of(database: Database, *jobs: NewQueueJob, name: str = "f", **given: Any) -> int:
    number = queue.submit(database, jobs, flow=NewFlow(name, queue=Q, **given)).jeditaskid
    assert number
    return number


def state_of(database: Database, flow: int) -> str:
    return str(flows.get(database, flow).flow["state"])


def states(database: Database, flow: int) -> dict[str, str]:
    """Return the states of jobs, by `A`, or `A#2` for the job that has replaced it."""
    jobs = flows.get(database, flow).jobs
    keys = [(one["name"], one["index_number"], one["state"]) for one in jobs]
    return {name if n == 1 else f"{name}#{n}": state for name, n, state in sorted(keys)}


def claim(database: Database, name: str) -> Lease:
    """Claim a job by its name; others that are ready are given back."""
    leases = {one.name: one for one in queue.claim(database, Q, 99, owner="w")}
    mine = leases.pop(name)
    if leases:
        queue.give_back(database, [*leases.values()])
    return mine


def finish(database: Database, name: str, result: Any = None, **response: Any) -> None:
    changes = Response(**response) if response else None
    queue.finish(database, Success(claim(database, name), result, changes))


def fail(database: Database, name: str) -> None:
    queue.fail(database, Failure(claim(database, name), "bad", retryable=False))
