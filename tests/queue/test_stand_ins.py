"""Live jobs that stand for jobs of flows by their dedupe keys: they stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JobDependency
from pandadb.services import queue
from pandadb.services.queue import DependencyCycle, NewQueueJob, Success, flows
from pandadb.services.queue.flows import Response
from tests.queue.flow_runs import Q, claim, finish, flow_of, job, states
from tests.queue.test_leases import states as states_of

if TYPE_CHECKING:
    from pandadb.database import Database


def outside(database: Database, key: str = "k") -> int:
    """Submit a job of no flow with a dedupe key."""
    (found,) = queue.submit(database, [NewQueueJob(Q, "outside", dedupe_key=key)]).pandaids
    return found


def test_a_stopped_flow_closes_the_new_jobs_only(database: Database) -> None:
    other, flow = outside(database), flow_of(database, job("A"))
    flows.stop(database, flow)
    queue.submit(database, [job("B", dedupe_key="k"), job("C")], flow=flow)
    assert states_of(database, [other]) == ["activated"]
    assert states(database, flow)["C"] == "stopped"


def test_a_job_of_a_stopped_flow_closes_no_other(database: Database) -> None:
    other = outside(database)
    flow = flow_of(database, job("A"))
    lease = claim(database, "A")
    flows.stop(database, flow)
    queue.finish(database, Success(lease, None, Response(addition=job("B", dedupe_key="k"))))
    assert states_of(database, [other]) == ["activated"]
    assert flows.get(database, flow).flow["njobs"] == 1


def test_a_detour_by_a_live_job_has_each_dependency_once(database: Database) -> None:
    flow_of(database, job("A"), job("B", "A"), job("L", dedupe_key="k"), job("C", "A", "L"))
    finish(database, "A", detour=job("X", dedupe_key="k"))
    with database.session() as session:
        edges = session.execute(select(JobDependency.parent, JobDependency.child)).all()
    first = min(parent for parent, _ in edges)
    live = first + 2
    assert {child - first for parent, child in edges if parent == live} == {1, 3}


def test_a_detour_by_a_child_is_a_cycle(database: Database) -> None:
    flow = flow_of(database, job("A"), job("B", "A", dedupe_key="k"))
    with pytest.raises(DependencyCycle, match="would wait for itself"):
        finish(database, "A", detour=job("X", dedupe_key="k"))
    assert states(database, flow)["B"] == "waiting"


def test_a_live_job_replaces_no_other(database: Database) -> None:
    outside(database)
    flow_of(database, job("A"))
    with pytest.raises(InvalidValue, match="cannot replace"):
        finish(database, "A", replace=job("B", dedupe_key="k"))
