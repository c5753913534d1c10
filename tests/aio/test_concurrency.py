"""One event loop serves many verbs at once, with few connections and without threads."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pandadb import aio
from pandadb.database.pool import PoolExhausted
from pandadb.services import jobs
from pandadb.services.jobs import DispatchRequest, NewJob, VerbOptions

if TYPE_CHECKING:
    from pandadb.aio import AsyncDatabase
    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

SESSIONS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND application_name = 'pandadb'"
)
TASKS, EACH = 50, 4


async def life(database: AsyncDatabase) -> list[int]:
    """Take jobs and end them, one by one, until there is none."""
    ended: list[int] = []
    while taken := await aio.jobs.dispatch(database, DispatchRequest("CERN")):
        (job,) = taken
        await aio.jobs.hold(database, job.pandaid)
        done = await aio.jobs.finish(database, [job.pandaid])
        ended += done.jobs
    return ended


def test_fifty_tasks_share_five_connections_fairly(
    database: Database, awaited: AsyncDatabase
) -> None:
    made = jobs.submit(database, [NewJob({"computingsite": "CERN"})] * (TASKS * EACH))
    jobs.activate(database, made)
    before = threading.active_count()

    async def work() -> tuple[list[list[int]], int | None, int]:
        ended = await asyncio.gather(*[life(awaited) for _ in range(TASKS)])
        with database.transaction() as connection:
            return ended, connection.scalar(SESSIONS), threading.active_count()

    ended, sessions, threads = asyncio.run(work())
    assert sorted(job for jobs_of_task in ended for job in jobs_of_task) == made
    assert min(map(len, ended)) >= EACH - 2
    assert sessions == 5
    assert threads == before


def test_the_loop_goes_on_while_a_server_works(awaited: AsyncDatabase) -> None:
    async def work() -> int:
        ticks = 0
        async with awaited.transaction() as connection:
            sleeping = asyncio.create_task(connection.execute(text("SELECT pg_sleep(0.3)")))
            while not sleeping.done():
                await asyncio.sleep(0.01)
                ticks += 1
        return ticks

    assert asyncio.run(work()) > 10


def test_pauses_between_attempts_are_those_of_one_task(awaited: AsyncDatabase) -> None:
    """Five tasks that pause for 0.1 to 0.3 s each do so at the same time."""

    async def work() -> float:
        began = time.monotonic()
        await asyncio.gather(*[awaited.retrying(fails_once(), pause=0.2) for _ in range(5)])
        return time.monotonic() - began

    assert asyncio.run(work()) < 0.6


def fails_once() -> object:
    attempts = iter(["40001", None])

    def work(session: object) -> None:
        if state := next(attempts):
            session.execute(text(f"DO $$BEGIN RAISE SQLSTATE '{state}'; END$$"))

    return work


def test_a_pool_that_is_exhausted_is_a_sentence(single: AsyncDatabase) -> None:
    async def work() -> None:
        single.sync.engine.pool._timeout = 0.1
        async with single.transaction():
            with pytest.raises(PoolExhausted, match="All 1 connections"):
                await single.ping()
        await single.ping()

    asyncio.run(work())


def test_a_connection_refuses_a_second_task(awaited: AsyncDatabase) -> None:
    async def work() -> None:
        async with awaited.transaction() as connection:
            first = asyncio.create_task(connection.execute(text("SELECT pg_sleep(0.2)")))
            await asyncio.sleep(0.05)
            with pytest.raises(Exception, match="another task is in the middle of a statement"):
                await connection.execute(text("SELECT 1"))
            await first

    asyncio.run(work())


def test_two_runs_may_use_it_one_after_the_other(awaited: AsyncDatabase) -> None:
    async def work() -> list[object]:
        request = DispatchRequest("CERN")
        options = VerbOptions(dry_run=True)
        return await asyncio.gather(
            *[aio.jobs.dispatch(awaited, request, options=options) for _ in range(20)]
        )

    assert asyncio.run(work()) == asyncio.run(work()) == [[]] * 20
