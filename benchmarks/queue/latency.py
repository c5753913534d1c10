"""How long a job waits: from its submission to its start, and for a claim of a long queue."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, sleep
from typing import TYPE_CHECKING

from benchmarks import rows, servers
from benchmarks.alternation import Effort, Goal, Ratio, alternate
from benchmarks.queue.handlers import CALLS, HANDLER, QUEUE
from pandadb.services import queue
from pandadb.worker.prefetch import PrefetchingLoop
from pandadb.worker.worker_options import WorkerOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database
    from tests.databases import Server

P50, P95, LIMIT = "submit to start: p50 ms", "submit to start: p95 ms", "50 ms"
FEW, MANY = "claim of few: p50 ms", "claim of many: p50 ms"
FREE, HELD = "claim: p50 ms", "claim, xmin held: p50 ms"
GOALS = (
    Goal(Ratio(P95, LIMIT), 1, at_most=True),
    Goal(Ratio(MANY, FEW), 1.5, at_most=True),
    Goal(Ratio(HELD, FREE), 2, at_most=True),
)
STARTS = {Effort.TINY: 3, Effort.QUICK: 60, Effort.FULL: 300}
"""Jobs that are submitted one by one, to a worker that has nothing else to do."""
FILLS = {
    Effort.TINY: (200, 400),
    Effort.QUICK: (10_000, 100_000),
    Effort.FULL: (10_000, 1_000_000),
}
"""Jobs of a queue: so many activated, and as many for later."""
CLAIMS = {Effort.TINY: 2, Effort.QUICK: 40, Effort.FULL: 100}
HOLDS = {Effort.TINY: 1.0, Effort.QUICK: 15.0, Effort.FULL: 600.0}
"""Seconds for which a transaction holds xmin."""
RATE = 20.0
"""Jobs per second meanwhile."""
LAST = 200
"""Claims at the end that are compared."""
RANDOM = random.Random(1)  # noqa: S311


def measure(server: Server, effort: Effort) -> Samples:
    """Measure starts, then claims while xmin is held, then claims of two queues by turns."""
    with servers.lived_in(server) as database, servers.lived_in(server) as other:
        started = {LIMIT: [50.0], **_starts(database, STARTS[effort])}
        held = _held(database, other, HOLDS[effort])
    few, many = FILLS[effort]
    with _filled(server, few) as short, _filled(server, many) as long:
        turns = [
            partial(_claims, short, FEW, CLAIMS[effort]),
            partial(_claims, long, MANY, CLAIMS[effort]),
        ]
        return {**started, **held, **alternate(turns)}


def _starts(database: Database, number: int) -> Samples:
    """Submit jobs one by one; return how long each took until its handler was called."""
    times, job = [], queue.NewQueueJob(QUEUE, handler=HANDLER)
    with _worker(database):
        for _ in range(number + 3):
            CALLS.clear()
            sleep(RANDOM.uniform(0.02, 0.1))
            began = perf_counter()
            queue.submit(database, [job])
            while not CALLS:
                sleep(0.0005)
            times.append((CALLS[0] - began) * 1000)
    counted = times[3:]
    return {P50: [median(counted)], P95: [quantiles(counted, n=20, method="inclusive")[18]]}


@contextmanager
def _worker(database: Database) -> Iterator[None]:
    """Run a worker during the block, which listens."""
    with TemporaryDirectory() as folder:
        loop = PrefetchingLoop(database, WorkerOptions([QUEUE], Path(folder), slots=2), 64)
        thread = threading.Thread(target=loop.run)
        thread.start()
        try:
            yield
        finally:
            loop.drain()
            thread.join()


def _held(held: Database, free: Database, seconds: float) -> Samples:
    """Submit, claim and finish jobs at an even rate, of one of which a snapshot is held.

    Each claim of the one is beside one of the other; those at the end are compared. A snapshot
    holds back the vacuum of its own database only.
    """
    times: dict[Database, list[float]] = {held: [], free: []}
    job = queue.NewQueueJob(QUEUE, handler=HANDLER)
    for database in times:
        queue.submit(database, [job] * 100, notify=False)
    with servers.raw(held) as other, other.transaction():
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT count(*) FROM pandadb.job_control")
        end = monotonic() + seconds
        while monotonic() < end:
            for database, taken in times.items():
                queue.submit(database, [job], notify=False)
                taken.append(_claim(database, 1))
            sleep(1 / RATE)
    return {name: [median(times[one][-LAST:])] for name, one in ((FREE, free), (HELD, held))}


def _claim(database: Database, number: int) -> float:
    began = perf_counter()
    leases = queue.claim(database, QUEUE, number, owner="benchmark")
    took = (perf_counter() - began) * 1000
    if len(leases) != number:
        raise AssertionError(f"{len(leases)} jobs claimed instead of {number}")
    queue.finish(database, leases)
    return took


def _claims(database: Database, name: str, number: int) -> dict[str, float]:
    return {name: median(_claim(database, 10) for _ in range(number))}


@contextmanager
def _filled(server: Server, number: int) -> Iterator[Database]:
    """Yield a database with so many activated jobs of a queue, and as many for later."""
    with servers.lived_in(server) as database, servers.raw(database) as connection:
        site = {"computingsite": f"'{QUEUE}'", "lockedby": "NULL"}
        rows.fill(connection, "jobsactive4", range(number), jobstatus="'activated'", **site)
        later = range(number, 2 * number)
        rows.fill(connection, "jobsdefined4", later, jobstatus="'pending'", **site)
        _control(connection, number)
        rows.analyze(connection)
        yield database


def _control(connection: psycopg.Connection, number: int) -> None:
    connection.execute(
        "INSERT INTO pandadb.job_control (pandaid, public_id, queue, kind, run_after)"
        " SELECT n, lpad(n::text, 12, 'x'), %s, 'handler',"
        " CASE WHEN n >= %s THEN localtimestamp + interval '1 day' END"
        " FROM generate_series(0, %s) AS n",
        [QUEUE, number, 2 * number - 1],
    )
    connection.execute("VACUUM ANALYZE pandadb.job_control")
