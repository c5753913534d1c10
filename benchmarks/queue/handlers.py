"""Ours: no-op handlers of queued jobs, in tens by four workers, or by one that prefetches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from pandadb.services import queue
from pandadb.worker.handlers.registry import Handler, add_handler
from pandadb.worker.held_jobs import HeldJob
from pandadb.worker.prefetch import PrefetchingLoop
from pandadb.worker.quick_calls import CallingThread
from pandadb.worker.worker_options import WorkerOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

QUEUE, HANDLER = "BENCHMARK", "benchmark"
WORKERS, TEN = 4, 10
PLACES = 1024
"""Jobs that the worker that prefetches has at once: as many as awa at its best."""
CHUNK = 2000
TENS, PREFETCH = "handlers: ours, tens, jobs/s", "handlers: ours, prefetch, jobs/s"

CALLS: list[float] = []
"""Times of the calls of the handler."""
add_handler(Handler(HANDLER, lambda: CALLS.append(perf_counter())))


def fill(database: Database, number: int) -> None:
    """Submit so many jobs."""
    job = queue.NewQueueJob(QUEUE, handler=HANDLER)
    for first in range(0, number, CHUNK):
        queue.submit(database, [job] * min(CHUNK, number - first), notify=False)


def handle_in_tens(database: Database, number: int) -> dict[str, float]:
    """Let four workers claim, call and finish ten jobs at once; return jobs per second.

    The end of a set and the claim of the next are one transaction.
    """
    fill(database, number)
    left = iter(range(number // TEN))
    began = perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        done = sum(pool.map(lambda worker: _ten_each(database, worker, left), range(WORKERS)))
    rate = done / (perf_counter() - began)
    _empty(database)
    return {TENS: rate}


def _ten_each(database: Database, worker: int, left: Iterator[int]) -> int:
    calls, done, owner = CallingThread(frozenset()), 0, f"worker {worker}"
    held: list[queue.Lease] = []
    for _ in left:
        ended, held = queue.finish_and_claim(database, held, QUEUE, TEN, owner=owner)
        done += len(ended.jobs)
        for lease in held:
            calls.work(HeldJob(lease))
    return done + len(queue.finish(database, held).jobs)


def _empty(database: Database) -> None:
    """Finish what is left, as claims at the same time may have had fewer than ten."""
    while leases := queue.claim(database, QUEUE, CHUNK, owner="rest"):
        queue.finish(database, leases)


def handle_with_prefetch(database: Database, number: int) -> dict[str, float]:
    """Let a worker with four slots prefetch; return jobs per second.

    They are timed from the first call to the end of the worker, when all ends are committed.
    """
    fill(database, number)
    CALLS.clear()
    with TemporaryDirectory() as folder:
        options = WorkerOptions(
            [QUEUE], Path(folder), slots=WORKERS, drain_when_empty=True, listen=False
        )
        claimed = PrefetchingLoop(database, options, PLACES).run()
    ended = perf_counter()
    if not claimed == len(CALLS) == number:
        raise AssertionError(f"{claimed} jobs claimed, {len(CALLS)} called instead of {number}")
    return {PREFETCH: number / (ended - CALLS[0])}
