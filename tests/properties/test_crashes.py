"""Clients and server processes killed at random points: nothing lost or doubled.

How often is said by `--kills`.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from pandadb.core.jobs.refusals import JobsLocked
from pandadb.database import Database, DatabaseUnreachable
from pandadb.models import JobsArchived4, JobsStatusLog
from pandadb.services.schema import upgrade
from tests.databases import temporary_database
from tests.factories import make_task
from tests.properties import invariants
from tests.properties.steps import STEPS, TASK
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ctypes import c_long
    from multiprocessing.process import BaseProcess

pytestmark = pytest.mark.any_server

KILLS = 3
"""So many for each one that `--kills` says: they take less time than those of archivers."""
OF_THE_SERVER = 10
"""Each tenth kills a server process: all others end with it, and the server recovers."""
MOVERS = 4
ENDED = 50
"""How many jobs have to end, so that there is something to lose or to double."""
FORK = multiprocessing.get_context("fork")


def live(url: str, seed: int, steps: c_long) -> None:
    """Take jobs through their lives until somebody kills us; count what was done."""
    chance = random.Random(seed)
    with Database(url) as database:
        while True:
            with suppress(DBAPIError, DatabaseUnreachable, JobsLocked):
                chance.choice(STEPS)(database, chance)
                steps.value += 1


@pytest.fixture
def own_server_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """The URL of a database on a server of our own: the others' would not like what comes."""
    choice = pytestconfig.getoption("--postgres")
    with (
        running_server("embedded" if "://" in choice else choice) as server,
        temporary_database(server) as url,
    ):
        yield url


def start(url: str, seed: int, steps: c_long) -> BaseProcess:
    mover = FORK.Process(target=live, args=(url, seed, steps), daemon=True)
    mover.start()
    return mover


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that slow machines reach later than fast ones."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "nothing goes on any more"
        time.sleep(0.01)


def kill_server_process(database: Database) -> None:
    """Kill the process that serves somebody else, and wait until the server is back."""
    theirs = text(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
    )
    pid = database.retrying(lambda session: session.scalar(theirs), attempts=8)
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_there(database))


def is_there(database: Database) -> bool:
    with suppress(DBAPIError, DatabaseUnreachable):
        database.ping()
        return True
    return False


@pytest.mark.slow
def test_kills_lose_and_double_nothing(own_server_url: str, pytestconfig: pytest.Config) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    print("seed", seed)  # noqa: T201 - shown when it fails
    steps = FORK.RawValue("l")
    with Database(own_server_url) as database:
        upgrade(database)
        with database.session() as session:
            make_task(session, TASK, files=5000, maxattempt=3)
        movers = [start(own_server_url, seed + n, steps) for n in range(MOVERS)]
        for number in range(KILLS * pytestconfig.getoption("--kills")):
            before = steps.value
            wait_until(lambda before=before: steps.value != before)
            time.sleep(chance.uniform(0, 0.1))
            if number % OF_THE_SERVER == 0:
                kill_server_process(database)
                continue
            place = chance.randrange(MOVERS)
            movers[place].kill()
            movers[place].join()
            movers[place] = start(own_server_url, seed + MOVERS + number, steps)
        wait_until(lambda: how_many_ended(database) >= ENDED)
        for mover in movers:
            mover.kill()
            mover.join()
        database.engine.dispose()  # its own idle connections are no others
        wait_until(lambda: how_many_work(database) == 0)
        with database.session() as session:
            known = {*session.scalars(select(JobsStatusLog.pandaid))}
            invariants.hold(session, known)


def how_many_ended(database: Database) -> int:
    ended = select(func.count(JobsArchived4.pandaid))
    return database.retrying(lambda session: session.scalar(ended), attempts=8)


def how_many_work(database: Database) -> int:
    """Return how many server processes still work for those who are gone."""
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    return database.retrying(lambda session: session.scalar(others), attempts=8)
