"""Yardsticks: two general job queues on PostgreSQL, as their own workers take and finish jobs."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


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

    async with _procrastinate(url) as app:
        await app.schema_manager.apply_schema_async()
    async with _connected(url) as connection:
        await Queries.from_psycopg_connection(connection).install()


def procrastinate(url: str, workers: int, jobs: int) -> dict[str, float]:
    """Let workers of procrastinate take and finish jobs, one by one."""
    name = f"take and finish, {workers} workers: procrastinate"
    return {name: asyncio.run(_one(url, workers, jobs))}


def pgqueuer(url: str, workers: int, jobs: int, batch: int = 10) -> dict[str, float]:
    """Let workers of pgqueuer take and finish jobs in batches, of ten if not said otherwise."""
    size = "" if batch == 10 else f", batches of {batch}"
    name = f"take and finish, {workers} workers: pgqueuer{size}"
    return {name: asyncio.run(_batches(url, workers, jobs, batch))}


@dataclass
class Clock:
    """Times jobs from the first one's begin to the last one's, and then says stop."""

    jobs: int
    stop: Callable[[], object] = lambda: None
    done: int = 0
    began: float = 0.0
    ended: float = 0.0

    def tick(self) -> None:
        """Count a job that a worker has been given."""
        self.began = self.began or perf_counter()
        self.done += 1
        if self.done == self.jobs:
            self.ended = perf_counter()
            self.stop()

    @property
    def rate(self) -> float:
        """Return jobs per second."""
        if self.done < self.jobs:
            raise AssertionError(f"{self.done} jobs instead of {self.jobs}")
        return self.jobs / (self.ended - self.began)


async def _one(url: str, workers: int, jobs: int) -> float:
    async with AsyncExitStack() as stack:
        running: list[asyncio.Future[None]] = []
        clock = Clock(jobs, lambda: [worker.cancel() for worker in running])

        async def task() -> None:
            clock.tick()

        for _ in range(workers):
            app = await stack.enter_async_context(_procrastinate(url))
            app.task(name="task")(task)
            worker = app.run_worker_async(concurrency=1, install_signal_handlers=False)
            running.append(asyncio.ensure_future(worker))
        await asyncio.gather(*running, return_exceptions=True)
    return clock.rate


async def _batches(url: str, workers: int, jobs: int, size: int) -> float:
    from pgqueuer.qm import QueueManager  # noqa: PLC0415
    from pgqueuer.queries import Queries  # noqa: PLC0415

    async with AsyncExitStack() as stack:
        managers: list[Any] = []
        clock = Clock(jobs, lambda: [manager.shutdown.set() for manager in managers])

        async def task(_: Any) -> None:
            clock.tick()

        for _ in range(workers):
            connection = await stack.enter_async_context(_connected(url))
            managers.append(QueueManager(Queries.from_psycopg_connection(connection)))
            managers[-1].entrypoint("task")(task)
        await asyncio.gather(*(manager.run(batch_size=size) for manager in managers))
    return clock.rate


@asynccontextmanager
async def _procrastinate(url: str) -> AsyncIterator[Any]:
    from procrastinate import App, PsycopgConnector  # noqa: PLC0415

    async with App(connector=PsycopgConnector(conninfo=url)).open_async() as app:
        yield app


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        yield connection
