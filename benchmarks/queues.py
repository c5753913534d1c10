"""Yardsticks: two general job queues on PostgreSQL, as their own workers take and finish jobs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Take = Callable[[], Awaitable[int]]


def installed() -> bool:
    """Tell whether the extra `benchmarks` is installed."""
    try:
        import pgqueuer  # noqa: F401, PLC0415
        import procrastinate  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def prepare(url: str, jobs: int) -> None:
    """Install both into a database, and give each so many jobs."""
    asyncio.run(_prepare(url))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
            " SELECT 'benchmark', 'task', '{}' FROM generate_series(1, %s)",
            [jobs],
        )
        connection.execute(
            "INSERT INTO pgqueuer (priority, entrypoint, payload, status)"
            " SELECT 0, 'task', NULL, 'queued' FROM generate_series(1, %s)",
            [jobs],
        )
        connection.execute("VACUUM ANALYZE")


async def _prepare(url: str) -> None:
    from pgqueuer.queries import Queries  # noqa: PLC0415

    async with _procrastinate(url, 1) as app:
        await app.schema_manager.apply_schema_async()
    async with _connected(url) as connection:
        await Queries.from_psycopg_connection(connection).install()


def procrastinate(url: str, workers: int, jobs: int) -> dict[str, float]:
    """Let workers of procrastinate take and finish jobs, one by one."""
    return {
        f"take and finish, {workers} workers: procrastinate": asyncio.run(_one(url, workers, jobs))
    }


def pgqueuer(url: str, workers: int, jobs: int) -> dict[str, float]:
    """Let workers of pgqueuer take and finish jobs in batches of ten."""
    name = f"take and finish, {workers} workers: pgqueuer"
    return {name: asyncio.run(_ten(url, workers, jobs))}


async def _one(url: str, workers: int, jobs: int) -> float:
    from procrastinate.jobs import Status  # noqa: PLC0415

    async with _procrastinate(url, workers) as app:
        manager = app.job_manager
        numbers = [await manager.register_worker() for _ in range(workers)]

        def taking(number: int) -> Take:
            async def take() -> int:
                job = await manager.fetch_job(["benchmark"], number)
                if job is None:
                    return 0
                await manager.finish_job(job, Status.SUCCEEDED, delete_job=False)
                return 1

            return take

        return await _rate([taking(number) for number in numbers], jobs)


async def _ten(url: str, workers: int, jobs: int) -> float:
    from pgqueuer.ports.repository import EntrypointExecutionParameter  # noqa: PLC0415
    from pgqueuer.queries import Queries  # noqa: PLC0415

    def taking(connection: Any) -> Take:
        queries: Any = Queries.from_psycopg_connection(connection)
        me, which = uuid4(), {"task": EntrypointExecutionParameter(0)}

        async def take() -> int:
            found = await queries.dequeue(10, which, me, None, timedelta(seconds=30))
            if found:
                await queries.log_jobs([(job, "successful", None) for job in found])
            return len(found)

        return take

    connections = [
        await psycopg.AsyncConnection.connect(url, autocommit=True) for _ in range(workers)
    ]
    try:
        return await _rate([taking(connection) for connection in connections], jobs)
    finally:
        for connection in connections:
            await connection.close()


async def _rate(takes: list[Take], jobs: int) -> float:
    """Return jobs per second, when each worker does its part of them."""

    async def worker(take: Take) -> int:
        done = 0
        while done < jobs // len(takes) and (number := await take()):
            done += number
        return done

    began = perf_counter()
    done = await asyncio.gather(*map(worker, takes))
    return sum(done) / (perf_counter() - began)


@asynccontextmanager
async def _procrastinate(url: str, workers: int) -> AsyncIterator[Any]:
    from procrastinate import App, PsycopgConnector  # noqa: PLC0415

    connector = PsycopgConnector(conninfo=url, min_size=workers, max_size=workers)
    async with App(connector=connector).open_async() as app:
        yield app


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        yield connection
