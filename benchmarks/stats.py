"""Refresh of statistics while jobs move, and reading of kept counts, against the plain GROUP BY."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import servers
from benchmarks.alternation import MORE_ROUNDS, Effort, Goal, Ratio, alternate
from pandadb.services import jobs, statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database
    from tests.databases import Server

REFRESH, PLAIN = "refresh: ms", "plain GROUP BY: ms"
ALL_KEPT = "all kept counts: ms"
KEPT, GROUPED = "kept counts by site and state: ms", "GROUP BY site and state: ms"
RATIOS = (Ratio(REFRESH, PLAIN), Ratio(PLAIN, ALL_KEPT), Ratio(GROUPED, KEPT))
GOALS = (Goal(RATIOS[0], 1.3, at_most=True), Goal(RATIOS[1], 10))
JOBS = {Effort.TINY: 2000, Effort.QUICK: 100_000, Effort.FULL: 500_000}
ROUNDS = {Effort.TINY: 1, Effort.QUICK: 7, Effort.FULL: MORE_ROUNDS}
MOVERS, AT_ONCE = 2, 10
TABLE = "mv_jobsactive4_stats"
SITES = {effort: max(jobs // 1650, 1) for effort, jobs in JOBS.items()}
"""About as many jobs at a site as 300 sites have of 500,000; 55 of them have a row of counts."""
FILL = """
INSERT INTO doma_panda.jobsactive4 (
           pandaid, jobstatus, computingsite, cloud, prodsourcelabel, processingtype, vo, gshare,
           workqueue_id, resource_type, currentpriority, corecount, maxwalltime, produserid,
           jobname, transformation, creationtime, modificationtime)
SELECT n, (ARRAY['activated', 'sent', 'starting', 'running', 'holding'])[1 + mod(n / sites, 5)],
       'SITE_' || mod(n, sites), 'WORLD', 'managed',
       (ARRAY['simul', 'recon', 'evgen'])[1 + mod(n / sites, 3)], 'atlas', 'Simulation', 1,
       (ARRAY['SCORE', 'MCORE'])[1 + mod(n / sites, 2)], 500, 8, 86400, repeat('u', 40),
       repeat('j', 80), 'Sim_tf.py', now(), now()
  FROM generate_series(1, %s) AS n, (SELECT %s AS sites) AS given
"""
GROUP_BY = """
SELECT cloud, computingsite, countrygroup, workinggroup, relocationflag, jobstatus, processingtype,
       prodsourcelabel, currentpriority / 10 * 10, vo, workqueue_id, resource_type, count(*),
       sum(coalesce(actualcorecount, corecount))
  FROM doma_panda.jobsactive4 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
"""
BY_SITE = """
SELECT computingsite, jobstatus, count(*) FROM doma_panda.jobsactive4 GROUP BY 1, 2
"""
EVERY_ONE = "SELECT * FROM doma_panda.mv_jobsactive4_stats"
OF_KEPT = """
SELECT computingsite, jobstatus, sum(num_of_jobs) FROM doma_panda.mv_jobsactive4_stats GROUP BY 1, 2
"""


READS = ((PLAIN, GROUP_BY), (ALL_KEPT, EVERY_ONE), (GROUPED, BY_SITE), (KEPT, OF_KEPT))


def measure(server: Server, effort: Effort) -> Samples:
    """Measure refresh, reading, and what they are compared with, by turns, while jobs move."""
    with servers.fresh(server) as database, servers.raw(database) as connection:
        connection.execute(FILL, [JOBS[effort], SITES[effort]])
        connection.execute("VACUUM ANALYZE doma_panda.jobsactive4")
        turns: list[Callable[[], dict[str, float]]] = [
            partial(_turn, REFRESH, partial(_refresh, database))
        ]
        for name, query in READS:
            turns.append(partial(_turn, name, partial(_read, connection, query)))
        with _moving(database, connection):
            return alternate(turns, ROUNDS[effort])


def _turn(name: str, do: Callable[[], object]) -> dict[str, float]:
    began = perf_counter()
    do()
    return {name: (perf_counter() - began) * 1000}


def _refresh(database: Database) -> None:
    done = statistics.refresh(database, [TABLE])
    if [one.name for one in done.done] != [TABLE]:
        raise AssertionError(f"it was not refreshed: {done}")


def _read(connection: psycopg.Connection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(query.encode()).fetchall()


@contextmanager
def _moving(database: Database, connection: psycopg.Connection) -> Iterator[None]:
    """Let movers throttle and release activated jobs for the time of the block."""
    query = "SELECT pandaid FROM doma_panda.jobsactive4 WHERE jobstatus = 'activated' LIMIT 500"
    found = [pandaid for (pandaid,) in connection.execute(query)]
    ended = Event()
    with ThreadPoolExecutor(MOVERS) as pool:
        movers = [pool.submit(_move, database, found[n::MOVERS], ended) for n in range(MOVERS)]
        try:
            yield
        finally:
            ended.set()
        if not all(mover.result() for mover in movers):
            raise AssertionError("no job has moved")


def _move(database: Database, pandaids: Sequence[int], ended: Event) -> int:
    moved = 0
    while not ended.is_set():
        for start in range(0, len(pandaids), AT_ONCE):
            some = pandaids[start : start + AT_ONCE]
            moved += len(jobs.throttle(database, some).jobs)
            moved += len(jobs.release(database, some).jobs)
    return moved
