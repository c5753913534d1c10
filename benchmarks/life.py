"""Whole lives of jobs per second, and bulk submission against PostgreSQL's fastest way in."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import copying, rows, servers, upstream
from benchmarks.alternation import MORE_ROUNDS, Effort, Goal, Ratio, alternate
from benchmarks.samples import JOB, satellites
from pandadb.services import jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database
    from tests.databases import Server

SITE, WORKER, LABELS = "BENCHMARK", ("benchmark", 1), ("managed",)


def submit(database: Database, number: int) -> list[int]:
    """Submit jobs with their satellites."""
    belonging = satellites(0)
    files = [
        {name: value for name, value in row.items() if name not in {"row_id", "pandaid"}}
        for row in belonging["filestable4"]
    ]
    columns = {name: value for name, value in JOB.items() if name != "jobstatus"}
    job = jobs.NewJob(
        columns,
        files,
        belonging["jobparamstable"][0]["jobparameters"],
        belonging["metatable"][0]["metadata"],
    )
    return jobs.submit(database, [job] * number)


def live(database: Database, number: int) -> None:
    """Take jobs through their lives, in sets."""
    jobs.activate(database, submit(database, number))
    found = jobs.dispatch(database, jobs.DispatchRequest(SITE, number, LABELS), worker=WORKER)
    pandaids = [job.pandaid for job in found]
    values = {"maxrss": 1_000_000, "cpuconsumptiontime": 100}
    for _ in range(HEARTBEATS):
        beats = [jobs.Heartbeat(pandaid, "running", values=values) for pandaid in pandaids]
        jobs.heartbeat(database, beats)
    jobs.heartbeat(database, [jobs.Heartbeat(pandaid, "finished") for pandaid in pandaids])
    jobs.finish(database, pandaids)


HEARTBEATS = 3
LIVES = {Effort.TINY: (100, 5), Effort.QUICK: (1000, 50), Effort.FULL: (5000, 300)}
"""How many jobs live in each turn: ours, upstream's way."""
GOALS = (
    Goal(Ratio("lives: ours", "lives: upstream"), 12),
    Goal(Ratio("submit: ours", "submit: COPY"), 0.8),
)
RATIOS = (*(goal.ratio for goal in GOALS), Ratio("submit: ours", "submit: upstream"))


def measure(server: Server, effort: Effort) -> Samples:
    """Measure ours, upstream's way and COPY by turns."""
    many, few = LIVES[effort]
    with (
        servers.lived_in(server) as database,
        servers.raw(database) as connection,
        servers.as_upstream(database) as theirs,
    ):
        _others(connection, 10 * many)
        turn = partial(_turn, connection)
        living = [
            partial(turn, "lives: ours", many, partial(live, database, many)),
            partial(turn, "lives: upstream", few, partial(_upstream, theirs, few)),
        ]
        submitting = [
            partial(turn, "submit: ours", many, partial(submit, database, many)),
            partial(turn, "submit: COPY", many, partial(copying.submit, connection, many)),
            partial(turn, "submit: upstream", few, partial(_submitted, theirs, few)),
        ]
        return {**alternate(living), **alternate(submitting, MORE_ROUNDS)}


def _others(connection: psycopg.Connection, number: int) -> None:
    """Put ended jobs into the tables, so that these are not empty, and register the worker."""
    pandaids = range(10_000_000, 10_000_000 + number)  # the sequence does not get there
    rows.fill(connection, "jobsarchived4", pandaids, jobstatus="'finished'")
    rows.fill_satellites(connection, pandaids)
    rows.analyze(connection)
    rows.register_worker(connection)


def _turn(
    connection: psycopg.Connection, name: str, number: int, do: Callable[[], object]
) -> dict[str, float]:
    """Take a turn, and then remove the jobs that have only been submitted."""
    began = perf_counter()
    do()
    took = perf_counter() - began
    connection.execute("TRUNCATE doma_panda.jobsdefined4, doma_panda.jobsactive4")
    return {name: number / took}


def _submitted(connection: psycopg.Connection, number: int) -> Sequence[int]:
    """Submit jobs one by one, with ids that are drawn in a transaction of their own."""
    pandaids = copying.draw(connection, "jobsdefined4_pandaid_seq", number)
    row_ids = copying.draw(connection, "filestable4_row_id_seq", 4 * number)
    for place, pandaid in enumerate(pandaids):
        job = {**JOB, **copying.times(), "pandaid": pandaid}
        upstream.submit(connection, job, satellites(pandaid, row_ids[4 * place :]))
    return pandaids


def _upstream(connection: psycopg.Connection, number: int) -> None:
    """Take jobs through their lives, one by one."""
    for pandaid in _submitted(connection, number):
        upstream.activate(connection, pandaid)
    while taken := upstream.dispatch(connection, SITE, 10, LABELS):
        for pandaid in taken:
            for _ in range(HEARTBEATS):
                upstream.heartbeat(connection, pandaid, "running")
            upstream.heartbeat(connection, pandaid, "holding")
            upstream.finish(connection, pandaid)
