"""Steps of clients and workers of a queue, as they take them at once: whichever jobs there are."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from pandadb.models import Jobs
from pandadb.services import jobs, queue
from pandadb.services.queue import Failure, Lease, LeaseLost, NewQueueJob, Success, UnknownParent

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from pandadb.database import Database

QUEUES = ("q1", "q2")
GROUPS = {"g1": 1, "g2": 2, "g3": 3}
KEYS = ("k1", "k2", "k3")
LIVE = ("pending", "activated", "throttled", "sent", "running")
OLD: list[Lease] = []
"""Leases of the past, with which zombies come back."""


def some(database: Database, chance: random.Random, most: int, *states: str) -> list[int]:
    """Return some jobs in one of the states, any."""
    found = select(Jobs.pandaid).where(Jobs.jobstatus.in_(states or LIVE))
    with database.session() as session:
        found = found.order_by(func.random()).limit(chance.randint(1, most))
        return [*session.scalars(found)]


def new(chance: random.Random, name: str | None = None, **given: Any) -> NewQueueJob:
    group = chance.choice((None, None, *GROUPS))
    on_failure = chance.choice(queue.ON_FAILURE)
    attempts = chance.choice((1, 2, 3))
    wished = {"group": group, "on_failure": on_failure, "max_attempts": attempts, **given}
    return NewQueueJob(chance.choice(QUEUES), name, **wished)


def submit_diamond(database: Database, chance: random.Random) -> None:
    flow = [
        new(chance, "A"),
        new(chance, "B", parents=["A"]),
        new(chance, "C", parents=["A"]),
        new(chance, "D", parents=["B", "C"]),
        new(chance, "E", parents=["D", "A"]),
    ]
    chance.shuffle(flow)  # so that some children are older than their parents
    queue.submit(database, flow)


def submit_children(database: Database, chance: random.Random) -> None:
    parents = some(database, chance, 3, *LIVE, "finished")
    with suppress(UnknownParent):  # a child that would be cancelled with an ended parent
        queue.submit(database, [new(chance, parents=parents) for _ in range(2)])


def submit_once(database: Database, chance: random.Random) -> None:
    key = chance.choice(KEYS)
    flow = [new(chance, "A", dedupe_key=key), new(chance, "B", parents=["A"])]
    with suppress(UnknownParent):
        queue.submit(database, flow)


def submit_for_later(database: Database, chance: random.Random) -> None:
    queue.submit(database, [new(chance, delay=chance.uniform(0, 0.5)) for _ in range(2)])


def claimed(database: Database, chance: random.Random, seconds: float = 60) -> list[Lease]:
    found = queue.claim(
        database, chance.choice(QUEUES), chance.randint(1, 6), owner="w", lease=seconds
    )
    OLD.extend(found)
    return found


def work(database: Database, chance: random.Random) -> None:
    """Run jobs as a worker does: some fail, some are given back, cancelled ones are ended."""
    mine = claimed(database, chance)
    if chance.random() < 0.8:
        queue.start(database, mine)
    for part in _split(chance, mine):
        beats = queue.heartbeat(database, mine)
        told = [one for one in part if beats[one.pandaid].cancel_requested]
        queue.end_cancelled(database, told)
        rest = [one for one in part if one not in told]
        _end(database, chance, rest)


def _split(chance: random.Random, mine: list[Lease]) -> Iterator[list[Lease]]:
    chance.shuffle(mine)
    while mine:
        number = chance.randint(1, len(mine))
        part, mine = mine[:number], mine[number:]
        yield part


def _end(database: Database, chance: random.Random, part: list[Lease]) -> None:
    how, successes = chance.random(), [Success(one, {"x": 1}) for one in part]
    if how < 0.4:
        queue.finish(database, successes)
    elif how < 0.6:
        queue_name, number = chance.choice(QUEUES), chance.randint(1, 4)
        _, more = queue.finish_and_claim(database, successes, queue_name, number, owner="w")
        OLD.extend(more)
        queue.finish(database, more)
    elif how < 0.9:
        again = chance.choice((None, 0, 0.2))
        failures = [Failure(one, "bad", retry_in=again) for one in part]
        queue.fail(database, failures)
    else:
        queue.give_back(database, part)


def die(database: Database, chance: random.Random) -> None:
    """Claim jobs and never be heard of again."""
    queue.start(database, claimed(database, chance, 0.1))


def come_back(database: Database, chance: random.Random) -> None:
    """Do with old leases what a process does that was stopped meanwhile."""
    old = chance.sample(OLD, min(len(OLD), 4))
    verb = chance.choice((queue.finish, queue.give_back, queue.end_cancelled, queue.start))
    with suppress(LeaseLost):
        verb(database, old)
    queue.heartbeat(database, old)


def reap(database: Database, chance: random.Random) -> None:
    queue.reap(database)


def make_ready(database: Database, chance: random.Random) -> None:
    queue.make_ready(database, QUEUES)


def cancel(database: Database, chance: random.Random) -> None:
    queue.cancel(database, some(database, chance, 3), by="me", cascade=chance.random() < 0.5)


def kill(database: Database, chance: random.Random) -> None:
    """Kill jobs by PanDA's verb, some of them although they run."""
    jobs.kill(database, some(database, chance, 3), by="me", hard=chance.random() < 0.5)


def set_group(database: Database, chance: random.Random) -> None:
    group = chance.choice([*GROUPS])
    queue.set_group(database, group, GROUPS[group])


STEPS = (
    submit_diamond,
    submit_children,
    submit_once,
    submit_for_later,
    *(work,) * 6,
    die,
    come_back,
    reap,
    make_ready,
    cancel,
    kill,
    set_group,
)
