"""Jobs per second that workers get from a queue of few or of many jobs, and how long they wait."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import queues, rows, servers, upstream
from benchmarks.alternation import MORE_ROUNDS, Effort, Goal, Ratio, alternate
from benchmarks.workers import work
from pandadb.services import jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database
    from tests.databases import Server

    Turn = Callable[[], dict[str, float]]

SITE, WORKER = "BENCHMARK", ("benchmark", 1)
ONE, SEVERAL = ("managed",), ("managed", "user", "test")


def take(database: Database, labels: Sequence[str], number: int = 10) -> list[int]:
    """Take jobs for a worker: the one place that knows how our `dispatch` is called."""
    wanted = jobs.DispatchRequest(SITE, number, labels)
    return [job.pandaid for job in jobs.dispatch(database, wanted, worker=WORKER)]


BARE = jobs.DispatchRequest(SITE, 10, ONE, columns=[], satellites=False)


def take_and_finish(database: Database) -> int:
    """Take ten jobs and end them, as the shortest legal life does."""
    taken = [job.pandaid for job in jobs.dispatch(database, BARE)]
    jobs.finish(database, taken)
    return len(taken)


FILLS = {
    Effort.TINY: {"few": 1000, "many": 2000},
    Effort.QUICK: {"few": 10_000, "many": 100_000},
    Effort.FULL: {"few": 10_000, "many": 500_000},
}
"""Activated jobs of the queue."""
WORKERS = {Effort.TINY: (4,), Effort.QUICK: (4,), Effort.FULL: (1, 2, 4, 8)}
CALLS = {Effort.TINY: 8, Effort.QUICK: 80, Effort.FULL: 320}
"""How often all workers together call us in a turn; there are 3,333 jobs of the first label."""
UPSTREAM = {Effort.TINY: 2, Effort.QUICK: 2, Effort.FULL: 5}
"""How often each worker calls in a turn of upstream's way."""


def _name(fill: str, workers: int, whose: str, measured: str = "jobs/s") -> str:
    return f"{fill} jobs, {workers} workers: {whose}, {measured}"


def _against(fill: str, workers: int = 4, labels: str = "") -> Ratio:
    ours, theirs = f"ours{labels}", f"upstream{labels}"
    return Ratio(_name(fill, workers, ours), _name(fill, workers, theirs))


def _growth(whose: str) -> Ratio:
    return Ratio(_name("many", 4, whose, "p99"), _name("few", 4, whose, "p99"))


TAKE_AND_FINISH = "take and finish, 4 workers: "


def _queue(other: str) -> Ratio:
    return Ratio(f"{TAKE_AND_FINISH}ours, jobs/s", TAKE_AND_FINISH + other)


GOALS = (
    Goal(_against("few"), 5),
    Goal(_against("many"), 20),
    Goal(_queue("procrastinate"), 2.5),
    Goal(_queue("pgqueuer"), 1),
    Goal(_growth("ours"), 1.5, at_most=True),
    Goal(_growth("ours, several labels"), 1.5, at_most=True),
)
RATIOS = (
    *(
        _against(fill, workers, labels)
        for fill in ("few", "many")
        for workers in (1, 2, 4, 8)
        for labels in ("", ", several labels")
    ),
    *(goal.ratio for goal in GOALS[2:]),
    _growth("upstream"),
    _growth("upstream, several labels"),
)


def measure(server: Server, effort: Effort) -> Samples:
    """Measure ours by turns with two job queues, and then with upstream's way.

    So no large queue of another database is around where the ratio to find is near 1.
    """
    return {**_to_queues(server, effort), **_to_upstream(server, effort)}


def _to_queues(server: Server, effort: Effort) -> Samples:
    name, few = f"{TAKE_AND_FINISH}ours", FILLS[effort]["few"]
    with filled(server, few, satellites=False) as bare, servers.empty(server) as url:
        ours = [partial(take_and_finish, bare)] * 4
        turns: list[Turn] = [partial(_restoring, bare, name, ours, CALLS[effort])]
        if queues.installed():
            turns += _queues(url, CALLS[effort] * 10)
        return alternate(turns, MORE_ROUNDS)


def _to_upstream(server: Server, effort: Effort) -> Samples:
    turns: list[Turn] = []
    with ExitStack() as stack:
        for fill, number in FILLS[effort].items():
            database = stack.enter_context(filled(server, number))
            for workers in WORKERS[effort]:
                turns += _turns(stack, database, fill, workers, effort)
        return alternate(turns)


@contextmanager
def filled(server: Server, number: int, *, satellites: bool = True) -> Iterator[Database]:
    """Yield a database with so many activated jobs of three labels and four shares.

    Without satellites they are like the jobs of the other queues: nothing but a row.
    """
    labels = "(ARRAY['managed', 'user', 'test'])[1 + n % 3]"
    shares = f"(ARRAY{rows.SHARES})[1 + n % {len(rows.SHARES)}]"
    with servers.lived_in(server) as database, servers.raw(database) as connection:
        rows.fill(connection, "jobsactive4", range(number), prodsourcelabel=labels, gshare=shares)
        if satellites:
            urgent = "true" if number <= 10_000 else "n % 1000 >= 800"  # no others will be taken
            rows.fill_satellites(connection, range(number), urgent)
        rows.analyze(connection)
        rows.register_worker(connection)
        yield database


def _turns(
    stack: ExitStack, database: Database, fill: str, workers: int, effort: Effort
) -> Iterator[Turn]:
    """Yield the turns of so many workers: ours for one label and for several, upstream's way."""
    connections = [stack.enter_context(servers.as_upstream(database)) for _ in range(workers)]
    whose = f"{fill} jobs, {workers} workers: "
    for labels, more in ((ONE, ""), (SEVERAL, ", several labels")):
        theirs = [partial(_upstream, connection, labels) for connection in connections]
        yield partial(
            _restoring, database, f"{whose}upstream{more}", theirs, UPSTREAM[effort] * workers
        )
        ours = [partial(_ours, database, labels)] * workers
        yield partial(_restoring, database, f"{whose}ours{more}", ours, CALLS[effort])


def _ours(database: Database, labels: Sequence[str]) -> int:
    return len(take(database, labels))


def _upstream(connection: psycopg.Connection, labels: Sequence[str]) -> int:
    return len(upstream.dispatch(connection, SITE, 10, labels))


def _queues(url: str, number: int) -> list[Turn]:
    """Fill the other queues for all rounds; return their turns, of so many jobs.

    It is a quarter of them for procrastinate, which takes as long for these as pgqueuer for all.
    """
    queues.prepare(url, 10_000 + number * (MORE_ROUNDS + 1))
    return [
        partial(queues.pgqueuer, url, 4, number),
        partial(queues.procrastinate, url, 4, number // 4),
    ]


def _restoring(
    database: Database, name: str, calls: Sequence[Callable[[], int]], number: int
) -> dict[str, float]:
    """Let the workers work, and then give the jobs back."""
    found = work(name, calls, number)
    give_back(database)
    return found


def give_back(database: Database) -> None:
    """Make the jobs that were taken active again, and forget the rest."""
    with servers.raw(database) as connection:
        for statement in (RESTORED, RETURNED, FORGOTTEN):
            connection.execute(statement)


RESTORED = b"UPDATE doma_panda.jobsactive4 SET jobstatus = 'activated' WHERE jobstatus = 'sent'"
RETURNED = b"""
WITH gone AS (DELETE FROM doma_panda.jobsarchived4 RETURNING *)
INSERT INTO doma_panda.jobsactive4 (pandaid, jobstatus, prodsourcelabel, gshare, computingsite,
    currentpriority, jeditaskid)
SELECT pandaid, 'activated', prodsourcelabel, gshare, computingsite, currentpriority, jeditaskid
FROM gone
"""
FORGOTTEN = b"TRUNCATE doma_panda.harvester_rel_jobs_workers, doma_panda.jobs_statuslog"
