"""A job by its PandaID in an archive of a thousand days, however old it is; or if there is none."""

from __future__ import annotations

import random
from datetime import date, timedelta
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import rows, servers
from benchmarks.alternation import Effort, Goal, Ratio, alternate
from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.services import jobs
from pandadb.services.archive.after_days.pandaid_index import note

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database
    from tests.databases import Server

P50, P95, MISSED, LIMIT = "get: p50 ms", "get: p95 ms", "no such job: p50 ms", "20 ms"
PLAIN50, PLAIN95 = "one plain table: p50 ms", "one plain table: p95 ms"
FIRST = date(2020, 1, 1)
EACH = 20
"""Jobs that are made on a day."""
BATCH = 25
"""Days for each transaction: a server has no locks for more."""

RATIOS = (Ratio(P95, LIMIT), Ratio(P50, PLAIN50), Ratio(P95, PLAIN95), Ratio(MISSED, PLAIN50))
GOALS = (Goal(Ratio(P95, LIMIT), 1, at_most=True),)
DAYS = {Effort.TINY: 30, Effort.QUICK: 1000, Effort.FULL: 1000}
LOOKUPS = {Effort.TINY: 5, Effort.QUICK: 200, Effort.FULL: 1000}
MISSES = {Effort.TINY: 1, Effort.QUICK: 2, Effort.FULL: 10}


def measure(server: Server, effort: Effort) -> Samples:
    """Measure lookups by turns with those in one table without partitions."""
    days, lookups = DAYS[effort], LOOKUPS[effort]
    with servers.fresh(server) as database, servers.raw(database) as connection:
        for first in range(0, days, BATCH):
            _archive(connection, range(first, min(first + BATCH, days)))
        _gather(connection)
        note(database)
        known = range(days * EACH)
        turns = (
            lambda: _summed(P50, P95, partial(_get, database), random.sample(known, lookups)),
            lambda: _summed(PLAIN50, PLAIN95, partial(_plain, connection),
                            random.sample(known, lookups)),
            lambda: _miss(database, known.stop, MISSES[effort]),
        )  # fmt: skip
        return alternate(turns)


def _archive(connection: psycopg.Connection, days: range) -> None:
    """Make days of the archive, with jobs, their files, parameters and metadata."""
    with connection.transaction():
        for table in ARCHIVE_OF.values():
            made = "; ".join(_making(table, FIRST + timedelta(number)) for number in days)
            connection.execute(made.encode())
    pandaids = range(days.start * EACH, days.stop * EACH)
    # Half of the jobs end a day after they were made, so that days have PandaIDs in common.
    number = f"least(n / {EACH} + n % 2, {days.stop - 1})"
    time = {"modificationtime": f"timestamp '{FIRST} 12:00' + {number} * interval '1 day'"}
    with connection.transaction():
        rows.fill(connection, "jobsarchived4", pandaids, jobstatus="'finished'", **time)
        rows.fill_satellites(connection, pandaids, **time)
        for live, archive in ARCHIVE_OF.items():
            connection.execute(
                f"WITH gone AS (DELETE FROM {live} RETURNING *)"  # noqa: S608 - our own names
                f" INSERT INTO {archive} SELECT * FROM gone".encode()
            )


def _making(table: str, day: date) -> str:
    return (
        f"CREATE TABLE {table}_p{day:%Y_%m_%d} PARTITION OF {table}"
        f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(1)}')"
    )


def _gather(connection: psycopg.Connection) -> None:
    """Put all jobs into one table with the indexes of the archive, but without partitions."""
    connection.execute("CREATE TABLE plain (LIKE doma_pandaarch.jobsarchived INCLUDING ALL)")
    for first in range(0, DAYS[Effort.FULL], BATCH):
        lower, upper = (f"'{FIRST + timedelta(number)}'" for number in (first, first + BATCH))
        connection.execute(
            "INSERT INTO plain SELECT * FROM doma_pandaarch.jobsarchived "  # noqa: S608 - our words
            f"WHERE modificationtime >= {lower} AND modificationtime < {upper}".encode()
        )
    connection.execute("VACUUM ANALYZE plain")


def _summed(p50: str, p95: str, look: Callable[[int], None], pandaids: list[int]
) -> dict[str, float]:  # fmt: skip
    took = sorted(_timed(partial(look, pandaid)) for pandaid in pandaids)
    return {p50: took[len(took) // 2], p95: took[len(took) * 95 // 100], LIMIT: 20}


def _timed(work: Callable[[], None]) -> float:
    """Return how long some work takes, in ms."""
    began = perf_counter()
    work()
    return (perf_counter() - began) * 1000


def _get(database: Database, pandaid: int) -> None:
    job = jobs.get(database, pandaid)
    if not (job["table"] == "jobsarchived" and len(job["files"]) == 4 and job["metadata"]):
        raise AssertionError(f"Job {pandaid} is not as it was archived")


def _plain(connection: psycopg.Connection, pandaid: int) -> None:
    query = "SELECT * FROM plain WHERE pandaid = %s"
    if not connection.execute(query, [pandaid]).fetchall():
        raise AssertionError(f"Job {pandaid} is not there")


def _miss(database: Database, unknown: int, times: int) -> dict[str, float]:
    def look() -> None:
        try:
            jobs.get(database, unknown)
        except jobs.UnknownJob:
            return
        raise AssertionError(f"Job {unknown} should not be there")

    took = sorted(_timed(look) for _ in range(times))
    return {MISSED: took[len(took) // 2]}
