"""Shares: matching of many jobs against reading them, ranking with many live jobs and with few."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import rows, servers
from benchmarks.alternation import MORE_ROUNDS, Effort, Goal, Ratio, alternate
from pandadb.demo import examples
from pandadb.services import shares

if TYPE_CHECKING:
    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database
    from tests.databases import Server

MATCH, READ = "match: s", "read the same jobs: s"
MANY, FEW = "rank, many live jobs: ms", "rank, few live jobs: ms"
GOALS = (
    Goal(Ratio(MATCH, READ), 3, at_most=True),
    Goal(Ratio(MANY, FEW), 1.5, at_most=True),
)
RATIOS = tuple(goal.ratio for goal in GOALS)
MATCHED = {Effort.TINY: 1000, Effort.QUICK: 100_000, Effort.FULL: 100_000}
LIVE = {Effort.TINY: (2000, 500), Effort.QUICK: (200_000, 10_000), Effort.FULL: (1_000_000, 10_000)}
"""How many live jobs there are: many, and few."""
CALLS = 20
"""Rankings of a turn; its number is their median."""
OF_MANY_KINDS = {
    "prodsourcelabel": "(ARRAY['managed', 'user', 'panda', 'rc_test', 'ptest'])[1 + n % 5]",
    "workinggroup": "(ARRAY['AP_', 'GP_', 'XX_'])[1 + n % 3] || n % 7",
    "processingtype": "(ARRAY['simul', 'recon', 'reprocessing', 'pmerge'])[1 + n % 4] || n % 11",
    "computingsite": "'SITE_' || n % 97",
    "gshare": "(ARRAY['Simulation', 'Reconstruction', 'User Analysis', 'Test'])[1 + n % 4]",
    "jobstatus": "(ARRAY['activated', 'sent', 'running', 'holding'])[1 + n % 4]",
}
"""Values of 100,000 jobs, of which most are of a kind of their own."""
QUEUES = """
INSERT INTO doma_panda.schedconfig_json (panda_queue, data)
SELECT 'SITE_' || n, '{"corepower": 10, "status": "online", "resource_type": "GRID"}'
FROM generate_series(0, 96) n
"""
COUNT = """
INSERT INTO doma_panda.jobs_share_stats (ts, gshare, computingsite, jobstatus, njobs, hs)
SELECT localtimestamp, gshare, computingsite, jobstatus, count(*), 10 * count(*)
FROM doma_panda.jobsactive4 GROUP BY gshare, computingsite, jobstatus
"""
COLUMNS = (
    "SELECT pandaid, prodsourcelabel, workinggroup, processingtype, eventservice, computingsite"
    " FROM doma_panda.jobsactive4 WHERE pandaid = ANY(%s)"
)


def measure(server: Server, effort: Effort) -> Samples:
    """Measure matching and reading, then ranking with many and with few jobs, by turns."""
    number, (many, few) = MATCHED[effort], LIVE[effort]
    with ExitStack() as stack:
        crowded, quiet = (stack.enter_context(servers.fresh(server)) for _ in range(2))
        connection = stack.enter_context(servers.raw(crowded))
        _fill(connection, many)
        with servers.raw(quiet) as other:
            _fill(other, few)
        for database in (crowded, quiet):
            shares.load(database, (examples.home() / "shares.yaml").read_text())
        pandaids = range(1, min(number, many) + 1)
        ours, read = partial(_match, crowded, pandaids), partial(_read, connection, pandaids)
        matched = alternate([ours, read])
        turns = [partial(_rank, crowded, MANY), partial(_rank, quiet, FEW)]
        return {**matched, **alternate(turns, MORE_ROUNDS)}


def _fill(connection: psycopg.Connection, number: int) -> None:
    """Make active jobs of many kinds and the shares of the examples, and count the jobs."""
    connection.execute(QUEUES)
    rows.fill(connection, "jobsactive4", range(1, number + 1), **OF_MANY_KINDS)
    connection.execute(COUNT)
    connection.execute("VACUUM ANALYZE doma_panda.jobsactive4, doma_panda.jobs_share_stats")


def _match(database: Database, pandaids: range) -> dict[str, float]:
    began = perf_counter()
    found = shares.match_jobs(database, pandaids)
    took = perf_counter() - began
    if len(found) != len(pandaids) or len({*found.values()}) < 4:
        raise AssertionError(f"{len(found)} of {len(pandaids)} jobs were matched")
    return {MATCH: took}


def _read(connection: psycopg.Connection, pandaids: range) -> dict[str, float]:
    began = perf_counter()
    found = connection.execute(COLUMNS, [[*pandaids]]).fetchall()
    took = perf_counter() - began
    if len(found) != len(pandaids):
        raise AssertionError(f"{len(found)} jobs were read")
    return {READ: took}


def _rank(database: Database, name: str) -> dict[str, float]:
    taken = []
    for _ in range(CALLS):
        began = perf_counter()
        ranked = shares.rank(database)
        taken.append(perf_counter() - began)
    if not any(power.executing for power in ranked.values()):
        raise AssertionError("nothing runs")
    return {name: 1000 * median(taken)}
