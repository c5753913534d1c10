"""Jobs of a task: generated, activated, held back by a pause, killed; against row by row."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from benchmarks import rows, servers
from benchmarks.alternation import Effort, Goal, Ratio, alternate
from benchmarks.tasks import upstream_jobs
from benchmarks.tasks.given_tasks import FILES_PER_JOB, fill_files, make_task
from pandadb.core.tasks.requesters import Requester
from pandadb.services import jobs, tasks
from tests.ready_tasks import QUEUE, make_queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database

JOBS = {
    Effort.TINY: (20, 5, 3),
    Effort.QUICK: (1000, 20, 20),
    Effort.FULL: (10_000, 100, 100),
}
"""How many jobs a task has in each turn: ours, ours to count statements, upstream's way."""
STEPS = ("generate", "pause", "kill")
OURS, UPSTREAM = (
    {step: f"{step}: {way}, jobs/s" for step in STEPS} for way in ("ours", "upstream")
)
MANY, FEW = (
    {step: f"{step}: statements for {number} jobs" for step in STEPS} for number in ("many", "few")
)
MOST = {step: f"{step}: statements that write the same table of jobs or files" for step in STEPS}
COMMANDS = ("pause", "kill")
"""Commands of which no two statements write the same table."""
COUNTED = ("jobs", "file", "jedi_dataset_contents", "jobparamstable", "metatable")
"""How the names of tables begin that have rows for each job; those of the task are not counted."""
GOALS = (
    Goal(Ratio(OURS["generate"], UPSTREAM["generate"]), 10),
    *(Goal(Ratio(MANY[step], FEW[step]), 1, at_most=True) for step in COMMANDS),
    *(Goal(Ratio(MOST[step], "one"), 1, at_most=True) for step in COMMANDS),
    Goal(Ratio(OURS["kill"], UPSTREAM["kill"]), 10),
)
FURTHER_RATIOS = (Ratio(OURS["pause"], UPSTREAM["pause"]),)
WRITES = re.compile(r"(?:UPDATE|INSERT INTO|DELETE FROM) doma_panda\.(\w+)")
REQUESTER = Requester("benchmark", production_role=True)
AT_ONCE = timedelta(0)


def measure(database: Database, connection: psycopg.Connection, effort: Effort) -> Samples:
    """Measure ours and upstream's way by turns."""
    many, few, theirs = JOBS[effort]
    with Session(database.engine) as session, session.begin():
        make_queue(session)
    first = count(1)
    with servers.as_upstream(database) as other:
        turns = [
            partial(_ours, database, connection, first, many, (OURS, MANY)),
            partial(_ours, database, connection, first, few, (None, FEW)),
            partial(_upstream, database, connection, other, first, theirs),
        ]
        return alternate(turns)


def _given(
    database: Database, connection: psycopg.Connection, first: count[int], number: int
) -> int:
    """Make a task with the input of so many jobs."""
    task = next(first)
    with Session(database.engine) as session, session.begin():
        make_task(session, task)
    fill_files(connection, task, FILES_PER_JOB * number)
    return task


def _ours(
    database: Database,
    connection: psycopg.Connection,
    first: count[int],
    number: int,
    names: tuple[dict[str, str] | None, dict[str, str]],
) -> dict[str, float]:
    """Take the jobs of a task through their lives; return jobs per second, and statements."""
    task = _given(database, connection, first, number)
    speeds, counts = names
    found: dict[str, float] = {"one": 1}

    def step(name: str, do: Callable[[], Any]) -> Any:
        with _statements(database) as (written, sent):
            began = perf_counter()
            result = do()
            took = perf_counter() - began
        if speeds:
            found[speeds[name]] = number / took
            found[MOST[name]] = max(written.values(), default=0)
        found[counts[name]] = sent.total()
        return result

    queues = [tasks.Queue(QUEUE)]
    files = FILES_PER_JOB * number + 1  # with just as many, the last job is left to the next call
    generate = partial(tasks.generate, database, [task], queues, nfiles=files, rest=AT_ONCE)
    (generated,) = step("generate", generate)
    pandaids = [job.pandaid for job in generated.jobs]
    _activate(database, connection, pandaids)
    _check(connection, task, "jobsactive4", "activated", number)
    step("pause", partial(tasks.command, database, task, _request("pause")))
    _check(connection, task, "jobsactive4", "throttled", number)
    step("kill", partial(tasks.command, database, task, _request("kill")))
    _check(connection, task, "jobsarchived4", "cancelled", number)
    return found


def _request(command: str) -> tasks.CommandRequest:
    return tasks.CommandRequest(command, REQUESTER)


def _upstream(
    database: Database,
    connection: psycopg.Connection,
    theirs: psycopg.Connection,
    first: count[int],
    number: int,
) -> dict[str, float]:
    """Take the jobs of a task through their lives one by one."""
    task = _given(database, connection, first, number)
    found = {}

    def step(name: str, do: Callable[[], Any]) -> Any:
        began = perf_counter()
        result = do()
        found[UPSTREAM[name]] = number / (perf_counter() - began)
        return result

    pandaids = step("generate", partial(upstream_jobs.generate, theirs, task))
    _activate(database, connection, pandaids)
    _check(connection, task, "jobsactive4", "activated", number)
    step("pause", partial(upstream_jobs.pause, theirs, pandaids))
    _check(connection, task, "jobsactive4", "throttled", number)
    step("kill", partial(upstream_jobs.kill, theirs, pandaids))
    _check(connection, task, "jobsarchived4", "cancelled", number)
    return found


def _activate(database: Database, connection: psycopg.Connection, pandaids: Sequence[int]) -> None:
    """Activate jobs, and let the planner know the tables, as autovacuum does at a site."""
    connection.execute(ASSIGN, [[*pandaids]])
    jobs.activate(database, pandaids)
    rows.analyze(connection)
    connection.execute("ANALYZE doma_panda.jedi_dataset_contents, doma_panda.jedi_datasets")


ASSIGN = "UPDATE doma_panda.jobsdefined4 SET jobstatus = 'assigned' WHERE pandaid = ANY(%s)"


def _check(connection: psycopg.Connection, task: int, table: str, state: str, number: int) -> None:
    """See that all of it was done: a way that does less would be fast."""
    query = f"SELECT count(*) FROM doma_panda.{table} WHERE jeditaskid = %s AND jobstatus = %s"  # noqa: S608
    files = (
        "SELECT count(*) FROM doma_panda.jedi_dataset_contents"
        " WHERE jeditaskid = %s AND type = 'input' AND status = %s"
    )
    file_state = "ready" if state == "cancelled" else "running"
    found = [
        connection.execute(query.encode(), [task, state]).fetchone(),
        connection.execute(files, [task, file_state]).fetchone(),
    ]
    if found != [(number,), (FILES_PER_JOB * number,)]:
        raise AssertionError(f"{found} jobs and files instead of {number} {state}")


@contextmanager
def _statements(database: Database) -> Iterator[tuple[Counter[str], Counter[str]]]:
    """Count the statements that are sent by SQLAlchemy, and those of them that write each table."""
    written: Counter[str] = Counter()
    sent: Counter[str] = Counter()

    def note(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent["all"] += 1
        tables = {*WRITES.findall(statement)}
        written.update(table for table in tables if table.startswith(COUNTED))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield written, sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
