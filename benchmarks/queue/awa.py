"""Yardstick: awa, whose engine in Rust calls handlers in Python, in a fresh copy of its database.

A copy for each turn, since awa only appends while it works: what is left is for its maintenance.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import make_url

from tests.databases import made_template, render, temporary_database

if TYPE_CHECKING:
    from tests.databases import Server

QUEUE = "benchmark"
CHUNK = 5000
PAUSE = 0.002
"""Seconds between two looks at what is committed, when all handlers have been called."""
PATIENCE = 60.0
COMPLETED = b"SELECT coalesce(sum(completed_count), 0)::int FROM awa.receipt_completion_batches"


@dataclass
class Nothing:
    """The arguments of a job without any; awa calls its kind `nothing`."""


def installed() -> bool:
    """Tell whether the extra `benchmarks` is installed."""
    try:
        import awa  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def handle(server: Server, jobs: int, in_flight: int) -> dict[str, float]:
    """Let one process handle all jobs of a fresh database, so many of them at once."""
    template = made_template(server, f"awa_{jobs}", partial(_make, jobs))
    with temporary_database(server, template) as url:
        rate = asyncio.run(_rate(url, jobs, in_flight))
    return {name(in_flight): rate}


def name(in_flight: int) -> str:
    """Return what the benchmark calls its rate."""
    return f"handlers: awa, {in_flight} in flight, jobs/s"


def _make(jobs: int, url: str) -> None:
    """Install awa into a database, and give it so many jobs."""
    asyncio.run(_prepare(url, jobs))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


async def _prepare(url: str, jobs: int) -> None:
    client = _client(url)
    await client.migrate()
    await client.install_queue_storage()
    for first in range(0, jobs, CHUNK):
        number = min(CHUNK, jobs - first)
        await client.enqueue_many_copy([Nothing()] * number, queue=QUEUE)
    await client.close()


async def _rate(url: str, jobs: int, in_flight: int) -> float:
    """Return jobs per second, from the first handler's begin to the last committed completion."""
    client, called, begins = _client(url), asyncio.Event(), []

    async def called_with(_: Any) -> None:
        begins.append(perf_counter())
        if len(begins) == jobs:
            called.set()

    client.task(Nothing, queue=QUEUE)(called_with)
    await client.start([(QUEUE, in_flight)])
    await asyncio.wait_for(called.wait(), PATIENCE)
    ended = await _all_committed(url, jobs)
    await client.shutdown()
    await client.close()
    return jobs / (ended - begins[0])


async def _all_committed(url: str, jobs: int) -> float:
    """Return when another session saw so many jobs completed."""
    end = perf_counter() + PATIENCE
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while perf_counter() < end:
            cursor = await connection.execute(COMPLETED)
            (completed,) = await cursor.fetchone() or (0,)
            now = perf_counter()
            if completed == jobs:
                return now
            await asyncio.sleep(PAUSE)
    raise AssertionError(f"{completed} jobs completed instead of {jobs}")


def _client(url: str) -> Any:
    """Connect awa; its driver wants a host even where the socket's folder is given."""
    import awa  # noqa: PLC0415

    given = make_url(url)
    return awa.AsyncClient(render(given if given.host else given.set(host="localhost")))
