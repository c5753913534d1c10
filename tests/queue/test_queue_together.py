"""Clients and workers of a queue who do everything at once: no deadlock, nothing lost (F.4-7)."""

from __future__ import annotations

import datetime as dt
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from pandadb.core.jobs.states import WITH_WORKER
from pandadb.models import JobLease
from pandadb.services import queue
from pandadb.services.queue import VerbRules
from tests.queue import queue_invariants as invariants
from tests.queue import queue_steps as steps
from tests.queue import user_steps

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]


def see(database: Database, *, quiet: bool = True) -> int:
    """See in one snapshot that everything is as it has to be; return how many jobs there are."""
    with database.session() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        now = session.scalar(text("SELECT timezone('UTC', now())"))
        assert isinstance(now, dt.datetime)
        return len(invariants.hold(session, now, quiet=quiet, retried=user_steps.RETRIED))


def do_at_once(database: Database, threads: int, rounds: int, seed: int) -> int:
    """Take random steps in threads, and look on meanwhile; return how often."""
    user_steps.RETRIED.clear()
    for group, limit in steps.GROUPS.items():
        queue.set_group(database, group, limit)

    def work(number: int) -> None:
        chance = random.Random(seed + number)
        for _ in range(rounds):
            chance.choice((*steps.STEPS, *user_steps.STEPS))(database, chance)

    looks = 0
    with ThreadPoolExecutor(threads) as pool:
        working = [pool.submit(work, number) for number in range(threads)]
        while not all(one.done() for one in working):
            see(database, quiet=False)
            looks += 1
            threading.Event().wait(0.05)
        for done in working:
            done.result()
    return looks


def deadlocks(database: Database) -> int:
    """Return how many deadlocks PostgreSQL has found in the database."""
    count = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    with database.session() as session:
        return int(session.scalar(count))


def work_off(database: Database) -> None:
    """Do all that can be done, as a worker that is left alone."""
    chance = random.Random(0)
    with database.session() as session:
        for lease in session.scalars(select(JobLease)):
            lease.until = dt.datetime(2020, 1, 1)
    for _ in range(200):
        queue.reap(database)
        queue.make_ready(database, steps.QUEUES)
        paused = steps.some(database, chance, 1000, "throttled", "pending")
        queue.resume(database, paused, VerbRules(on_error="skip"))
        stuck = steps.some(database, chance, 1000, *WITH_WORKER)
        queue.retry(database, stuck, VerbRules(on_error="skip"))
        mine = queue.claim(database, steps.QUEUES, 100, owner="last")
        mine += user_steps.taken(database, 100)
        if not mine and not steps.some(database, chance, 1, "activated", "throttled", *WITH_WORKER):
            return
        user_steps.finish(database, mine)
    raise AssertionError("some jobs are never free")


def test_random_verbs_at_once(database: Database, pytestconfig: pytest.Config) -> None:
    threads, rounds = (8, 80) if pytestconfig.getoption("--thorough") else (6, 40)
    seed = random.randrange(10**6)
    print("seed", seed)  # noqa: T201 - shown when it fails
    assert do_at_once(database, threads, rounds, seed)
    assert see(database) > threads * rounds / 10
    assert deadlocks(database) == 0
    work_off(database)
    see(database)
