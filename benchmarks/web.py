"""Pages of operators and the API, with many live jobs and many more archived ones."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import pairwise
from statistics import quantiles
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING

import httpx

from benchmarks import rows, servers
from benchmarks.alternation import Effort, Goal, Ratio
from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.services.archive.after_days.pandaid_index import note

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from benchmarks.alternation import Samples
    from tests.databases import Server

P95, READERS, FIRST, LIMIT, FIRST_LIMIT = (
    "slowest page: p95 ms", "50 readers: p95 ms", "slowest first page ms", "100 ms", "200 ms",
)  # fmt: skip
START = "start, ms until the address is printed"
LARGEST, LARGEST_LIMIT = "largest page without its data, kB", "100 kB"
RATIOS = (
    Ratio(P95, LIMIT),
    Ratio(FIRST, FIRST_LIMIT),
    Ratio(LARGEST, LARGEST_LIMIT),
    Ratio(READERS, LIMIT),
)
GOALS = tuple(Goal(ratio, 1, at_most=True) for ratio in RATIOS[:3])
LIVE = {Effort.TINY: 200, Effort.QUICK: 100_000, Effort.FULL: 1_000_000}
ARCHIVED = {Effort.TINY: 400, Effort.QUICK: 500_000, Effort.FULL: 10_000_000}
DAYS = {Effort.TINY: 4, Effort.QUICK: 100, Effort.FULL: 365}
REQUESTS = {Effort.TINY: 2, Effort.QUICK: 40, Effort.FULL: 200}
READING = 50
BATCH = 25
"""Days for each transaction: a server has no locks for more."""
PATHS = (
    "/", "/jobs", "/jobs?jobstatus=activated", "/jobs?computingsite=SITE_{site}",
    "/jobs?jeditaskid={task}", "/jobs?archive=true&jeditaskid={task}", "/jobs/{live}",
    "/jobs/{archived}", "/tasks", "/workers", "/archive", "/partitions", "/shares", "/sites",
    "/harvester", "/api/v1/jobs?jeditaskid={task}", "/api/v1/jobs/{archived}", "/metrics",
)  # fmt: skip
FIRST_PATHS = (
    "/", "/jobs", "/jobs/{live}", "/jobs/{archived}", "/tasks", "/flows", "/workers", "/queues",
    "/archive", "/partitions", "/shares", "/sites", "/harvester", "/applications", "/my-jobs",
    "/metrics", "/api/v1/jobs?limit=10",
)  # fmt: skip
"""The kinds of pages: the first call of each after the start is timed."""


def measure(server: Server, effort: Effort) -> Samples:
    """Fill a database, serve it, time each page at first and again; then all with 50 readers."""
    live, archived = LIVE[effort], ARCHIVED[effort]
    with servers.lived_in(server) as database:
        with servers.raw(database) as connection:
            _fill(connection, live, archived, DAYS[effort])
        note(database)
        url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        began = perf_counter()
        with _serving(url) as address, httpx.Client(base_url=address, timeout=60) as client:
            start = (perf_counter() - began) * 1000
            ids = _ids(live, archived)
            firsts = {path: _timed(client, path.format(**ids)) for path in FIRST_PATHS}
            times = {path: _times(client, path, live, archived, REQUESTS[effort]) for path in PATHS}
            sizes = [
                _without_data(client.get(path.format(**_ids(live, archived)))) for path in PATHS
            ]
            together = _together(address, live, archived, REQUESTS[effort])
    slowest = {path: _p95(took) for path, took in times.items()}
    return {
        **{f"{path}: p95 ms": [took] for path, took in slowest.items()},
        **{f"{path}: first ms": [took] for path, took in firsts.items()},
        START: [start],
        P95: [max(slowest.values())],
        FIRST: [max(firsts.values())],
        READERS: [_p95(together)],
        LARGEST: [max(sizes)],
        LIMIT: [100.0],
        FIRST_LIMIT: [200.0],
        LARGEST_LIMIT: [100.0],
    }


def _fill(connection: psycopg.Connection, live: int, archived: int, days: int) -> None:
    """Insert live jobs of a thousand sites, and as many archived jobs for each day."""
    site = {"computingsite": "'SITE_' || n % 1000", "jeditaskid": "1000 + n / 1000"}
    states = "(ARRAY['activated','running','sent','holding'])[1 + n % 4]"
    rows.fill(connection, "jobsactive4", range(live), jobstatus=states, **site)
    begin = date.today() - timedelta(days + 40)  # noqa: DTZ011 - naive, as partitions are
    for first in range(0, days, BATCH):
        with connection.transaction():
            for number in range(first, min(first + BATCH, days)):
                _archive_day(connection, begin + timedelta(number))
    bounds = [live + archived * number // days for number in range(days + 1)]
    for number, (lower, upper) in enumerate(pairwise(bounds)):
        noon = f"timestamp '{begin + timedelta(number)} 12:00'"
        rows.fill(
            connection, "jobsarchived4", range(lower, upper), jobstatus="'finished'",
            modificationtime=noon, **site,
        )  # fmt: skip
        connection.execute(
            "WITH gone AS (DELETE FROM doma_panda.jobsarchived4 RETURNING *)"
            " INSERT INTO doma_pandaarch.jobsarchived SELECT * FROM gone"
        )
    connection.execute("VACUUM ANALYZE doma_pandaarch.jobsarchived")
    rows.analyze(connection)


def _archive_day(connection: psycopg.Connection, day: date) -> None:
    for table in ARCHIVE_OF.values():
        name = f"{table}_p{day:%Y_%m_%d}"
        connection.execute(
            f"CREATE TABLE {name} PARTITION OF {table}"
            f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(1)}')".encode()
        )


@contextmanager
def _serving(url: str) -> Iterator[str]:
    """Run `pandadb web` during the block; yield its address."""
    command = [sys.executable, "-m", "pandadb", "web", "--port", "0"]
    environment = {**os.environ, "PANDADB_URL": url, "PANDADB_WEB_SECRET": "of a benchmark"}
    with subprocess.Popen(  # noqa: S603  # our own command
        command, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None  # noqa: S101  # as asked for
        address = next(line.split()[-1] for line in process.stderr if "Serving on" in line)
        Thread(target=process.stderr.read, daemon=True).start()  # its log, or the pipe fills up
        yield address
        process.terminate()


def _ids(live: int, archived: int) -> dict[str, int]:
    """Return numbers of random things."""
    return {
        "live": random.randrange(live),  # noqa: S311
        "archived": live + random.randrange(archived),  # noqa: S311
        "site": random.randrange(1000),  # noqa: S311
        "task": 1000 + random.randrange(live + archived) // 1000,  # noqa: S311
    }


def _timed(client: httpx.Client, path: str) -> float:
    """Return the milliseconds of a request."""
    began = perf_counter()
    answer = client.get(path)
    took = (perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise AssertionError(f"{path}: {answer.status_code} {answer.text[:500]}")
    return took


def _times(
    client: httpx.Client, path: str, live: int, archived: int, number: int
) -> list[float]:  # fmt: skip
    return [_timed(client, path.format(**_ids(live, archived))) for _ in range(number)]


def _together(address: str, live: int, archived: int, number: int) -> list[float]:
    """Return the milliseconds of requests of many readers at once."""
    took: list[float] = []

    def read() -> None:
        with httpx.Client(base_url=address, timeout=60) as client:
            paths = random.choices(PATHS, k=max(number // 4, 1))  # noqa: S311
            took.extend(_timed(client, path.format(**_ids(live, archived))) for path in paths)

    readers = [Thread(target=read) for _ in range(READING)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return took


def _without_data(answer: httpx.Response) -> float:
    """Return the kilobytes of a page without the rows of its tables."""
    text = answer.text
    while (begin := text.find("<tbody>")) >= 0:
        end = text.find("</tbody>", begin)
        text = text[:begin] + text[end + len("</tbody>") :]
    return (
        len(text.encode()) / 1000 if answer.headers["Content-Type"].startswith("text/html") else 0
    )


def _p95(took: list[float]) -> float:
    return quantiles(took, n=20, method="inclusive")[18] if len(took) > 1 else took[0]
