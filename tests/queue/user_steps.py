"""Steps of users and runners at any time: verbs on jobs, flows and their jobs, failed steps."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pandadb.core.jobs.refusals import Refused
from pandadb.core.queue.steps.step_failures import StepFailure
from pandadb.services import queue
from pandadb.services.queue import Success, UnknownParent, VerbRules, flows, steps
from pandadb.services.queue.flows import FlowNotAllowed, NewFlow, Response
from pandadb.services.selection import VerbAborted
from tests.queue.queue_steps import QUEUES, claimed, new, some

if TYPE_CHECKING:
    import random
    from typing import Any

    from pandadb.database import Database
    from pandadb.services.queue import Lease

ENDED = ("finished", "failed", "cancelled", "closed")
PAUSES = (0.05,)
"""Seconds between the attempts of a step: the second one that fails is the last."""

RETRIED: set[int] = set()
"""Jobs with steps that were tried again: they may wait for a runner in any state."""


def rules(chance: random.Random) -> VerbRules:
    return VerbRules(on_error=chance.choice(("skip", "abort")))


def rerun(database: Database, chance: random.Random) -> None:
    """Run jobs anew that have ended, or are in flight."""
    jobs = some(database, chance, 2, "sent", "running", *ENDED)
    with suppress(VerbAborted):
        queue.rerun(database, jobs, rules(chance), force=chance.random() < 0.3)


def pause(database: Database, chance: random.Random) -> None:
    with suppress(VerbAborted):
        queue.pause(database, some(database, chance, 3), rules(chance))


def resume(database: Database, chance: random.Random) -> None:
    """Resume jobs that are paused or were stopped."""
    jobs = some(database, chance, 4, "throttled", "pending", "cancelled", "closed")
    queue.resume(database, jobs, VerbRules(on_error="skip"))


def retry(database: Database, chance: random.Random) -> None:
    jobs = some(database, chance, 5, "sent", "starting", "running")
    with suppress(VerbAborted):
        RETRIED.update(jobs)  # before it is done: others look on
        queue.retry(database, jobs, rules(chance))


def stop_jobs(database: Database, chance: random.Random) -> None:
    with suppress(VerbAborted):
        queue.stop_jobs(database, some(database, chance, 2), rules(chance), by="me")


def submit_flow(database: Database, chance: random.Random) -> None:
    jobs = [
        new(chance, "A"),
        new(chance, "B", parents=["A"]),
        new(chance, "C", parents=["A"]),
        new(chance, "D", parents=["B", "C"]),
    ]
    queue.submit(database, jobs, flow=NewFlow("f", allows_outer_parents=True))


def a_flow(database: Database, chance: random.Random) -> int | None:
    page = flows.find(database, limit=20).flows
    return chance.choice(page)["jeditaskid"] if page else None


def change_flow(database: Database, chance: random.Random) -> None:
    """Stop a flow, let it go on, add a job to it, or close the children of a job."""
    flow = a_flow(database, chance)
    if flow is None:
        return
    how = chance.random()
    if how < 0.3:
        flows.stop(database, flow)
    elif how < 0.7:
        with suppress(FlowNotAllowed):  # it is neither stopped nor paused
            flows.resume(database, flow)
    elif how < 0.9:
        with suppress(UnknownParent):  # it would be cancelled with a parent that has ended
            queue.submit(database, [new(chance, "E", parents=["A"])], flow=flow)
    else:
        flows.stop_children(database, some(database, chance, 2))
    flows.refresh(database, flow)


def answer(database: Database, chance: random.Random) -> None:
    """Finish jobs of flows that change these; jobs that are to be cancelled are ended."""
    for lease in (mine := claimed(database, chance)):
        change = _change(chance) if lease.jeditaskid else None
        with suppress(queue.LeaseLost):
            try:
                queue.finish(database, Success(lease, {"x": 1}, change))
            except Refused:
                queue.end_cancelled(database, lease)
            except UnknownParent:  # the successor would be cancelled with a parent
                queue.give_back(database, lease)
    queue.heartbeat(database, mine)


def _change(chance: random.Random) -> Response:
    one: Any = new(chance, group=None)
    two = [new(chance, "x", group=None), new(chance, "y", parents=["x"], group=None)]
    return chance.choice(
        (
            Response(replace=one),
            Response(detour=two),
            Response(addition=one),
            Response(detour=one, stop_children=True),
            Response(addition=two, stop_flow=True),
        )
    )


def run_steps(database: Database, chance: random.Random) -> None:
    """Bring jobs to another machine step by step, as a runner does: some steps fail."""
    mine = [*claimed(database, chance), *taken(database, chance.randint(1, 6))]
    for step in ("staged", "submitted", "running"):
        steps.advance(database, mine, step)
        bad = [lease for lease in mine if chance.random() < 0.2]
        fine = chance.random() < 0.5
        steps.fail(database, [StepFailure(one, "bad", fine, PAUSES) for one in bad])
        mine = [lease for lease in mine if lease not in bad]
    finish(database, mine)


def taken(database: Database, njobs: int) -> list[Lease]:
    return steps.take(database, QUEUES, njobs, owner="runner", lease=60)


def finish(database: Database, mine: list[Lease]) -> None:
    """End jobs: those that are to be cancelled, and the others."""
    beats = queue.heartbeat(database, mine)
    told = [one for one in mine if beats[one.pandaid].cancel_requested]
    queue.end_cancelled(database, told)
    queue.finish(database, [one for one in mine if one not in told])


STEPS = (
    rerun,
    pause,
    resume,
    resume,
    retry,
    stop_jobs,
    submit_flow,
    submit_flow,
    change_flow,
    change_flow,
    answer,
    answer,
    run_steps,
)
