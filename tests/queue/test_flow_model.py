"""Random graphs whose jobs end at random: the same jobs may run as in a model in Python."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pandadb.services import queue
from pandadb.services.queue import Failure, NewQueueJob
from pandadb.services.queue.flows import NewFlow
from tests.queue.flow_runs import states

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

NUMBERS = itertools.count(1)
RULES = ("block", "ignore", "cancel")
SHARED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass
class Model:
    """A graph: each job with its parents, what it does if one fails, and its state."""

    parents: dict[str, list[str]]
    rules: dict[str, str]
    states: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.states = dict.fromkeys(self.parents, "waiting")
        self.settle()

    def settle(self) -> None:
        """Let jobs be ready, or end, until nothing changes."""
        before = None
        while before != self.states:
            before = dict(self.states)
            for job, state in before.items():
                if state == "waiting":
                    self.states[job] = self.of(job)

    def of(self, job: str) -> str:
        """Return the state of a waiting job."""
        ended = [self.states[parent] for parent in self.parents[job]]
        lost = [state for state in ended if state in ("failed", "stopped")]
        if lost and self.rules[job] == "cancel":
            return "stopped"
        open_ = [s for s in ended if s in ("waiting", "ready")]
        blocked = lost and self.rules[job] == "block"
        return "waiting" if open_ or blocked else "ready"

    def end(self, job: str, state: str) -> None:
        """End a job."""
        self.states[job] = state
        self.settle()


@st.composite
def graphs(draw: st.DrawFn) -> Model:
    """Return a graph of up to six jobs."""
    names = "ABCDEF"[: draw(st.integers(1, 6))]
    parents = {
        name: draw(st.lists(st.sampled_from(names[:place]), unique=True)) if place else []
        for place, name in enumerate(names)
    }
    return Model(parents, {name: draw(st.sampled_from(RULES)) for name in names})


def check(database: Database, model: Model, dice: st.DataObject) -> None:
    name = f"q{next(NUMBERS)}"
    jobs = [
        NewQueueJob(name, one, handler="nothing", parents=own, on_failure=model.rules[one])
        for one, own in model.parents.items()
    ]
    flow = queue.submit(database, jobs, flow=NewFlow(name)).jeditaskid
    assert flow
    leases = {}
    while True:
        assert states(database, flow) == model.states
        leases |= {one.name: one for one in queue.claim(database, name, 9, owner="w", lease=600)}
        assert {*leases} == {job for job, state in model.states.items() if state == "ready"}
        if not leases:
            return
        job = dice.draw(st.sampled_from(sorted(leases)))
        lease = leases.pop(job)
        if dice.draw(st.booleans()):
            queue.finish(database, lease)
            model.end(job, "completed")
        else:
            queue.fail(database, Failure(lease, "bad"))
            model.end(job, "failed")
        if leases:
            queue.give_back(database, [*leases.values()])
            leases = {}


@settings(SHARED, max_examples=40)
@given(graphs(), st.data())
def test_the_jobs_that_may_run_are_those_of_the_model_in_many_graphs(
    database: Database, model: Model, dice: st.DataObject
) -> None:
    check(database, model, dice)
