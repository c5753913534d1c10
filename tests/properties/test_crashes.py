"""Clients and server processes killed at random points, 200 times: nothing lost or doubled."""

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

from pandadb.core.refusals import JobsLocked
from pandadb.database import Database, DatabaseUnreachable
from pandadb.models import JobsArchived4, JobsStatusLog
from pandadb.services.schema import upgrade
from tests.databases import temporary_database
from tests.factories import make_task
from tests.properties import invariants
from tests.properties.steps import STEPS, TASK
from tests.servers import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.process import BaseProcess

KILLS = 200
OF_THE_SERVER = 20
"""Kills of a server process: all others end with it, and the server recovers."""
MOVERS = 4
FORK = multiprocessing.get_context("fork")


def live(url: str, seed: int) -> None:
    """Take jobs through their lives until somebody kills us."""
    chance = random.Random(seed)
    with Database(url) as database:
        while True:
            with suppress(DBAPIError, DatabaseUnreachable, JobsLocked):
                chance.choice(STEPS)(database, chance)


@pytest.fixture
def own_server_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """The URL of a database on a server of our own: the others' would not like what comes."""
    choice = pytestconfig.getoption("--postgres")
    with (
        running_server("embedded" if "://" in choice else choice) as server,
        temporary_database(server) as url,
    ):
        yield url


def start(url: str, seed: int) -> BaseProcess:
    mover = FORK.Process(target=live, args=(url, seed), daemon=True)
    mover.start()
    return mover


def kill_server_process(database: Database) -> None:
    """Kill the process that serves somebody else, and wait until the server is back."""
    theirs = text(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
    )
    pid = database.retrying(lambda session: session.scalar(theirs), attempts=8)
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
    for _ in range(200):
        with suppress(DBAPIError, DatabaseUnreachable):
            database.ping()
            return
        time.sleep(0.05)


def test_200_kills_lose_and_double_nothing(own_server_url: str) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    print("seed", seed)  # noqa: T201 - shown when it fails
    with Database(own_server_url) as database:
        upgrade(database)
        with database.session() as session:
            make_task(session, TASK, files=5000, maxattempt=3)
        movers = [start(own_server_url, seed + n) for n in range(MOVERS)]
        for number in range(KILLS):
            time.sleep(chance.uniform(0, 0.15))
            if number % (KILLS // OF_THE_SERVER) == 0:
                kill_server_process(database)
                continue
            place = chance.randrange(MOVERS)
            movers[place].kill()
            movers[place].join()
            movers[place] = start(own_server_url, seed + MOVERS + number)
        for mover in movers:
            mover.kill()
            mover.join()
        ended(database)
        with database.session() as session:
            known = {*session.scalars(select(JobsStatusLog.pandaid))}
            invariants.hold(session, known)
            assert len(known) > 100
            assert session.scalar(select(func.count(JobsArchived4.pandaid))) > 20


def ended(database: Database) -> None:
    """Wait until no process works for those who are gone."""
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    for _ in range(200):
        if database.retrying(lambda session: session.scalar(others), attempts=8) == 0:
            return
        time.sleep(0.05)
