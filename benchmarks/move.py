"""Jobs per second through a move, in sets of 1, 100 and 1,000."""

from __future__ import annotations

from functools import partial
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import raw, rows, servers, upstream
from benchmarks.alternation import Effort, Goal, Ratio, alternate
from pandadb.services import jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database
    from tests.databases import Server

    Move = Callable[[Sequence[int]], object]

STEPS = ("activate", "finish")
SIZES = (1, 100, 1000)
RATIOS = tuple(
    Ratio(f"{step}, sets of {size}: ours", below)
    for step in STEPS
    for size in SIZES
    for below in (f"{step}, sets of {size}: raw SQL", f"{step}, one by one: upstream")
)
GOALS = tuple(
    goal
    for step in STEPS
    for goal in (
        Goal(Ratio(f"{step}, sets of 1000: ours", f"{step}, sets of 1000: raw SQL"), 0.85),
        Goal(Ratio(f"{step}, sets of 1000: ours", f"{step}, one by one: upstream"), 40),
        Goal(Ratio(f"{step}, sets of 1: ours", f"{step}, one by one: upstream"), 2),
    )
)
JOBS = {
    Effort.TINY: {1: 3, 100: 100, 1000: 1000},
    Effort.QUICK: {1: 100, 100: 1000, 1000: 2000},
    Effort.FULL: {1: 500, 100: 5000, 1000: 10_000},
}
"""How many jobs are moved in each turn."""
OTHERS = {Effort.TINY: 100, Effort.QUICK: 10_000, Effort.FULL: 50_000}
"""How many others each table has."""


def measure(server: Server, effort: Effort) -> Samples:
    """Measure ours, raw SQL and upstream's way by turns."""
    with (
        servers.lived_in(server) as database,
        servers.raw(database) as connection,
        servers.as_upstream(database) as theirs,
    ):
        _others(connection, OTHERS[effort])
        first = count(10_000_000, 100_000)

        def turn(name: str, size: int, activate: Move, finish: Move) -> dict[str, float]:
            start = next(first)
            pandaids = range(start, start + JOBS[effort][size])
            return _turn(connection, name, size, pandaids, (activate, finish))

        turns = [
            partial(turn, f"sets of {size}: {name}", size, *moves)
            for size in SIZES
            for name, moves in (("ours", _ours(database)), ("raw SQL", _raw(connection)))
        ]
        turns.insert(2, partial(turn, "one by one: upstream", 1, *_upstream(theirs)))
        return alternate(turns)


def _ours(database: Database) -> tuple[Move, Move]:
    return partial(jobs.activate, database), partial(jobs.finish, database)


def _raw(connection: psycopg.Connection) -> tuple[Move, Move]:
    return (
        partial(raw.move, connection, raw.ACTIVATE),
        partial(raw.move, connection, raw.FINISH),
    )


def _upstream(connection: psycopg.Connection) -> tuple[Move, Move]:
    return (
        lambda pandaids: upstream.activate(connection, *pandaids),
        lambda pandaids: upstream.finish(connection, *pandaids),
    )


def _others(connection: psycopg.Connection, number: int) -> None:
    """Put other jobs into the tables, so that these are not empty."""
    for place, table in enumerate(("jobsdefined4", "jobsactive4", "jobsarchived4")):
        pandaids = range(1 + place * number, 1 + (place + 1) * number)
        rows.fill(connection, table, pandaids)
        rows.fill_satellites(connection, pandaids)
    rows.analyze(connection)


def _turn(
    connection: psycopg.Connection,
    name: str,
    size: int,
    pandaids: range,
    moves: tuple[Move, Move],
) -> dict[str, float]:
    """Make jobs, activate them, finish them; return jobs per second of both."""
    rows.fill(connection, "jobsdefined4", pandaids)
    rows.fill_satellites(connection, pandaids)
    sets = [pandaids[i : i + size] for i in range(0, len(pandaids), size)]
    found = {}
    for step, move in zip(STEPS, moves, strict=True):
        began = perf_counter()
        for chosen in sets:
            move(chosen)
        found[f"{step}, {name}"] = len(pandaids) / (perf_counter() - began)
        if step == "activate":
            _run(connection, pandaids)
    _check(connection, pandaids)
    return found


def _run(connection: psycopg.Connection, pandaids: range) -> None:
    """Let activated jobs run."""
    connection.execute(
        "UPDATE doma_panda.jobsactive4 SET jobstatus = 'running' WHERE pandaid BETWEEN %s AND %s",
        [pandaids[0], pandaids[-1]],
    )


def _check(connection: psycopg.Connection, pandaids: range) -> None:
    """See that all of it was done: a way that does less would be fast."""
    counts = [
        connection.execute(
            f"SELECT count(*) FROM doma_panda.{table} "  # noqa: S608 - our own words
            f"WHERE pandaid BETWEEN %s AND %s AND modificationtime > '1970-01-02'".encode(),
            [pandaids[0], pandaids[-1]],
        ).fetchone()
        for table in ("jobsarchived4", "jobs_statuslog", *rows.SATELLITES)
    ]
    wanted = [(len(pandaids) * each,) for each in (1, 2, 4, 1, 1)]
    if counts != wanted:
        raise AssertionError(f"{counts} rows instead of {wanted}")
