"""Jobs per second that tasks of one event loop take and finish, and as many threads."""

from __future__ import annotations

import asyncio
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import dispatch
from benchmarks.alternation import MORE_ROUNDS, Effort, Goal, Ratio, alternate
from benchmarks.workers import work
from pandadb import aio
from pandadb.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.alternation import Samples
    from tests.databases import Server

WORKERS = (1, 8)
CALLS = {Effort.TINY: 8, Effort.QUICK: 80, Effort.FULL: 320}
"""How often all workers together take and finish ten jobs in a turn."""
RATIOS = tuple(Ratio(f"{number} tasks, jobs/s", f"{number} threads, jobs/s") for number in WORKERS)
GOALS: tuple[Goal, ...] = ()


def measure(server: Server, effort: Effort) -> Samples:
    """Measure tasks and threads by turns, with as many connections."""
    number = CALLS[effort]
    jobs = dispatch.FILLS[effort]["few"]
    with dispatch.filled(server, jobs, satellites=False) as filled:
        url = filled.engine.url.render_as_string(hide_password=False)
        with Database(url, pool_size=max(WORKERS)) as database:
            awaited = aio.AsyncDatabase(url, pool_size=max(WORKERS))
            threads = [partial(_threads, database, workers, number) for workers in WORKERS]
            tasks = [partial(_tasks, awaited, workers, number) for workers in WORKERS]
            samples = alternate([*threads, *tasks], MORE_ROUNDS)
            asyncio.run(awaited.close())
    return samples


def _threads(database: Database, workers: int, number: int) -> dict[str, float]:
    calls = [partial(dispatch.take_and_finish, database)] * workers
    found = work("", calls, number)
    dispatch.give_back(database)
    return {f"{workers} threads, jobs/s": found[", jobs/s"]}


def _tasks(database: aio.AsyncDatabase, workers: int, number: int) -> dict[str, float]:
    rate = asyncio.run(_rate(database, workers, number))
    dispatch.give_back(database.sync)
    return {f"{workers} tasks, jobs/s": rate}


async def _rate(database: aio.AsyncDatabase, workers: int, number: int) -> float:
    left = iter(range(number))
    began = perf_counter()
    done = await asyncio.gather(*[_taken(database, left) for _ in range(workers)])
    return sum(done) / (perf_counter() - began)


async def _taken(database: aio.AsyncDatabase, left: Iterator[int]) -> int:
    """Take jobs and end them while there are calls left; return how many they were."""
    total = 0
    for _ in left:
        taken = await aio.jobs.dispatch(database, dispatch.BARE)
        await aio.jobs.finish(database, [job.pandaid for job in taken])
        total += len(taken)
    return total
