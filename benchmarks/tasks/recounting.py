"""Recount of datasets with many files, against the plain GROUP BY."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from benchmarks.alternation import MORE_ROUNDS, Effort, Goal, Ratio, alternate
from benchmarks.tasks.given_tasks import fill_files, make_task
from pandadb.services import datasets

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database

OURS, PLAIN = "recount: s", "plain GROUP BY: s"
GOALS = (Goal(Ratio(OURS, PLAIN), 1.5, at_most=True),)
FILES = {Effort.TINY: 1000, Effort.QUICK: 500_000, Effort.FULL: 1_000_000}
TASKS = 100
"""So many tasks share the files."""
GROUP_BY = """
SELECT jeditaskid, datasetid, status, count(*) FROM doma_panda.jedi_dataset_contents
GROUP BY jeditaskid, datasetid, status
"""
STATES = "(ARRAY['ready', 'running', 'finished', 'failed'])[1 + mod(n, 4)]"


def measure(database: Database, connection: psycopg.Connection, effort: Effort) -> Samples:
    """Measure a recount without wrong counters and the GROUP BY by turns."""
    with Session(database.engine) as session, session.begin():
        for task in range(1, TASKS + 1):
            make_task(session, task)
    for task in range(1, TASKS + 1):
        fill_files(connection, task, FILES[effort] // TASKS, STATES)
    connection.execute("VACUUM ANALYZE doma_panda.jedi_dataset_contents, doma_panda.jedi_datasets")
    if not datasets.recount(database):
        raise AssertionError("no counter was wrong")
    ours, plain = partial(_recount, database), partial(_group, connection)
    turns = [partial(_turn, *one) for one in ((OURS, ours), (PLAIN, plain))]
    return alternate(turns, MORE_ROUNDS)


def _turn(name: str, do: Callable[[], None]) -> dict[str, float]:
    began = perf_counter()
    do()
    return {name: perf_counter() - began}


def _recount(database: Database) -> None:
    if wrong := datasets.recount(database):
        raise AssertionError(f"{wrong} were repaired before")


def _group(connection: psycopg.Connection) -> None:
    connection.execute(GROUP_BY).fetchall()
