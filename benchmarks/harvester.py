"""Reports on 10,000 workers in one call, against what PanDA's server does: worker by worker."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks import servers
from benchmarks.alternation import Effort, Goal, Ratio, alternate
from benchmarks.upstream import now
from pandadb.core.partitions.policies import POLICIES
from pandadb.services import harvester, partitions

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database
    from tests.databases import Server

OURS, THEIRS = "update_workers: workers/s", "upstream: workers/s"
NEW, THEIR_NEW = "new workers: workers/s", "upstream, new workers: workers/s"
GOALS = (Goal(Ratio(OURS, THEIRS), 10), Goal(Ratio(NEW, THEIR_NEW), 10))
RATIOS = tuple(goal.ratio for goal in GOALS)
WORKERS = {Effort.TINY: 100, Effort.QUICK: 10_000, Effort.FULL: 10_000}
SAMPLE = {Effort.TINY: 10, Effort.QUICK: 300, Effort.FULL: 2000}
"""Workers that upstream's way is measured with: each takes as long as any other."""
ROUNDS = {Effort.TINY: 1, Effort.QUICK: 3, Effort.FULL: 5}
TABLES = ("harvester_workers",)
NUMBERS = count(10**9, 10**6)
"""Of workers that are new; apart from those that are there."""

COLUMNS = (
    "harvesterid", "workerid", "batchid", "queuename", "status", "computingsite", "ncore", "nodeid",
    "submittime", "starttime", "endtime", "lastupdate", "stdout", "stderr", "batchlog", "jdl",
    "resourcetype", "nativeexitcode", "nativestatus", "diagmessage", "njobs", "computingelement",
    "submissionhost", "harvesterhost", "errorcode", "jobtype", "minramcount",
)  # fmt: skip
"""Columns of a worker that the server reads and writes."""
READ = f"""
SELECT {", ".join(COLUMNS)} FROM doma_panda.harvester_workers
WHERE harvesterid = %(harvesterid)s AND workerid = %(workerid)s
""".encode()  # noqa: S608 - our own names
BEGIN = f"""
INSERT INTO doma_panda.harvester_workers ({", ".join(COLUMNS)})
VALUES ({", ".join(f"%({name})s" for name in COLUMNS)})
""".encode()  # noqa: S608 - our own names
CHANGE = b"""
UPDATE doma_panda.harvester_workers SET status = %(status)s, starttime = %(starttime)s,
    nodeid = %(nodeid)s, lastupdate = %(lastupdate)s
WHERE harvesterid = %(harvesterid)s AND workerid = %(workerid)s
"""
RELATED = b"""
SELECT pandaid FROM doma_panda.harvester_rel_jobs_workers
WHERE harvesterid = %(harvesterid)s AND workerid = %(workerid)s
"""
RELATE = b"""
INSERT INTO doma_panda.harvester_rel_jobs_workers (harvesterid, workerid, pandaid, lastupdate)
VALUES (%(harvesterid)s, %(workerid)s, %(pandaid)s, %(lastupdate)s)
"""
CONFIRM = b"""
UPDATE doma_panda.harvester_rel_jobs_workers SET lastupdate = %(lastupdate)s
WHERE harvesterid = %(harvesterid)s AND workerid = %(workerid)s AND pandaid = %(pandaid)s
"""
JOBS = b"""
SELECT r.pandaid FROM doma_panda.harvester_rel_jobs_workers r
JOIN doma_panda.jobsactive4 j ON j.pandaid = r.pandaid
WHERE r.harvesterid = %(harvesterid)s AND r.workerid = %(workerid)s AND j.jobstatus <> 'holding'
"""


def measure(server: Server, effort: Effort) -> Samples:
    """Measure calls with as many workers as there are, and with new ones, by turns."""
    with servers.fresh(server) as database, servers.as_upstream(database) as connection:
        policies = {name: replace(one, ahead=servers.DAYS) for name, one in POLICIES.items()}
        partitions.maintain(database, policies, tables=TABLES)
        harvester.update_workers(database, "H1", _reports(range(WORKERS[effort]), "submitted"))
        connection.execute(b"VACUUM ANALYZE doma_panda.harvester_workers")
        ours, theirs = partial(_ours, database), partial(_theirs, connection)
        whole, some = WORKERS[effort], SAMPLE[effort]
        turns = [
            lambda: _timed(OURS, ours, range(whole)),
            lambda: _timed(THEIRS, theirs, range(some)),
            lambda: _timed(NEW, ours, _new(whole)),
            lambda: _timed(THEIR_NEW, theirs, _new(some)),
        ]
        return alternate(turns, ROUNDS[effort])


def _new(number: int) -> range:
    first = next(NUMBERS)
    return range(first, first + number)


def _timed(name: str, do: Callable[[range], None], workers: range) -> dict[str, float]:
    began = perf_counter()
    do(workers)
    return {name: len(workers) / (perf_counter() - began)}


def _reports(workers: range, status: str) -> list[dict[str, Any]]:
    """Return reports as Harvester sends them, each with a job."""
    submitted = now() - timedelta(hours=1)
    return [
        {
            "workerID": one, "batchID": f"{one}.0", "queueName": "grid", "status": status,
            "computingSite": f"SITE_{one % 100}", "nCore": 8, "resourceType": "MCORE",
            "jobType": "managed", "nJobs": 1, "computingElement": "ce.example.org:9619",
            "submissionHost": "schedd.example.org", "harvesterHost": "harvester.example.org",
            "minRamCount": 16_000, "submitTime": f"datetime/{submitted:%Y-%m-%d %H:%M:%S.%f}",
            "startTime": f"{now()}", "nodeID": f"node{one % 1000}.example.org",
            "stdOut": f"https://logs.example.org/{one}.out", "pandaid_list": [one % 10**6 + 1],
        }
        for one in workers
    ]  # fmt: skip


def _ours(database: Database, workers: range) -> None:
    done = harvester.update_workers(database, "H1", _reports(workers, "running"))
    if done.refused:
        raise AssertionError(done.refused)


def _theirs(connection: psycopg.Connection, workers: range) -> None:
    """Write each worker in a transaction: read, inserted or updated, its job, its live jobs."""
    for one in _reports(workers, "running"):
        with connection.transaction():
            _write(connection, {name.lower(): value for name, value in one.items()})


def _write(connection: psycopg.Connection, given: dict[str, Any]) -> None:
    submitted = given["submittime"].removeprefix("datetime/")
    row = {**dict.fromkeys(COLUMNS), "harvesterid": "H1", **given, "submittime": submitted}
    row |= {"lastupdate": now(), "pandaid": row.pop("pandaid_list")[0]}
    there = connection.execute(READ, row).fetchone()
    connection.execute(CHANGE if there else BEGIN, row)
    known = {job for (job,) in connection.execute(RELATED, row).fetchall()}
    connection.execute(CONFIRM if row["pandaid"] in known else RELATE, row)
    connection.execute(JOBS, row).fetchall()
