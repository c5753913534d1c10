"""Days into the archive: how long a swap locks, few jobs against many, what a proof costs, COPY.

The copy way goes to another database on the same server, and is measured apart from its proof.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import rows, servers
from benchmarks.alternation import Effort, Goal, Ratio, alternate
from pandadb.core.archive.checksums import fingerprint
from pandadb.core.archive.transfer import day_copy, staging
from pandadb.core.archive.transfer.exchange import Exchange, carry_out
from pandadb.core.partitions.policies import ARCHIVED
from pandadb.core.sql.table_columns import column_names, named
from pandadb.services import archive
from pandadb.services.archive.copies.remote import archive_session
from pandadb.services.archive.transactions import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database
    from tests.databases import Server

TARGETS = dict(
    zip(
        ARCHIVED,
        ("jobsarchived", "filestable_arch", "jobparamstable_arch", "metatable_arch"),
        strict=True,
    )
)
"""Where each table's rows go."""
FEW, MANY, LIMIT = "swap of few: ms locked", "swap of many: ms locked", "50 ms"
PROOF, PLAIN = "proof: s", "plain INSERT … SELECT: s"
COPIED, SPEED = "copy to another database: rows/s", "plain INSERT … SELECT: rows/s"
COPY, BOTH = "copy to another database: s", "its proof, here and there: s"
FIRST = date(2020, 1, 1)

RATIOS = (
    Ratio(MANY, FEW),
    Ratio(MANY, LIMIT),
    Ratio(PROOF, PLAIN),
    Ratio(COPIED, SPEED),
    Ratio(BOTH, COPY),
)
GOALS = (
    Goal(Ratio(MANY, FEW), 1.5, at_most=True),
    Goal(Ratio(MANY, LIMIT), 1, at_most=True),
    Goal(Ratio(PROOF, PLAIN), 1 / 3, at_most=True),
    Goal(Ratio(COPIED, SPEED), 0.9),
)
JOBS = {Effort.TINY: (20, 60), Effort.QUICK: (3000, 9000), Effort.FULL: (100_000, 300_000)}
"""How many jobs the days have, each with four files, parameters and metadata."""


def measure(server: Server, effort: Effort) -> Samples:
    """Measure swaps of few and of many jobs by turns, and the proof against a copy."""
    few, many = JOBS[effort]
    with (
        servers.fresh(server) as database,
        servers.fresh(server) as other,
        servers.raw(database) as connection,
    ):
        days = (FIRST + timedelta(number) for number in count())
        jobs = count(1, many)

        def turn(name: str, number: int) -> dict[str, float]:
            day, first = next(days), next(jobs)
            _fill(connection, day, range(first, first + number))
            return _swap(database, day, name)

        def compare() -> dict[str, float]:
            day, first = next(days), next(jobs)
            _fill(connection, day, range(first, first + few))
            copied = _copy(database, other, day)
            return {**copied, **_prove(database, day), **_insert(connection, day, few)}

        return alternate([partial(turn, FEW, few), partial(turn, MANY, many), compare])


def _fill(connection: psycopg.Connection, day: date, pandaids: range) -> None:
    """Make the partitions of a day, and jobs that have ended in it."""
    time = {"modificationtime": f"timestamp '{day} 12:00'"}
    for table in ARCHIVED:
        connection.execute(
            f"CREATE TABLE doma_panda.{_partition(table, day)} PARTITION OF doma_panda.{table}"
            f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(1)}')".encode()
        )
    rows.fill(connection, "jobsarchived4", pandaids, jobstatus="'finished'", **time)
    rows.fill_satellites(connection, pandaids, **time)
    for table in ARCHIVED:
        connection.execute(f"VACUUM ANALYZE doma_panda.{_partition(table, day)}".encode())


def _partition(table: str, day: date) -> str:
    return f"{table}_p{day:%Y_%m_%d}"


def _swap(database: Database, day: date, name: str) -> dict[str, float]:
    ran = archive.run(database, only=[day])
    if not ran.done or ran.lost:
        raise AssertionError(f"The day {day} has not gone: {ran}")
    return {name: ran.done[0].locked * 1000, LIMIT: 50}


def _prove(database: Database, day: date) -> dict[str, float]:
    """Return how long it takes to count what belongs to a day."""
    began = perf_counter()
    with database.session() as session:
        for table in ARCHIVED:
            name = _partition(table, day)
            found = fingerprint(session, "doma_panda", name)
            if not found.rows:
                raise AssertionError(f"{name} is empty")
    return {PROOF: perf_counter() - began}


def _copy(database: Database, other: Database, day: date) -> dict[str, float]:
    """Return how fast a day is copied to another database, and how long it takes to prove it."""
    (going,) = archive.plan(database, only=[day])
    began = perf_counter()
    with snapshot(database) as live, archive_session(other) as there:
        for part in going.parts:
            staging.copy(live, there, part)
            staging.build(there, part)
        carry_out(there, Exchange(arriving=going.parts))
    took = perf_counter() - began
    found = []
    began = perf_counter()
    with database.session() as live, other.session() as there:
        for part in going.parts:
            names = column_names(live, named(live, part.source))
            found.append((
                fingerprint(live, part.schema, part.name),
                day_copy.archive_fingerprint(there, part, names),
            ))  # fmt: skip
    proof = perf_counter() - began
    if any(source != target for source, target in found):
        raise AssertionError(f"The copy of {day} is not what it should be: {found}")
    return {COPY: took, COPIED: sum(source.rows for source, _ in found) / took, BOTH: proof}


def _insert(connection: psycopg.Connection, day: date, jobs: int) -> dict[str, float]:
    """Return how long the plainest copy takes, into the archive's tables with their indexes."""
    began = perf_counter()
    with connection.transaction():
        for table, target in TARGETS.items():
            connection.execute(
                f"INSERT INTO doma_pandaarch.{target} "  # noqa: S608 - our own names
                f"SELECT * FROM doma_panda.{_partition(table, day)}".encode()
            )
    took = perf_counter() - began
    for target in TARGETS.values():  # the next swap looks into the DEFAULT partition
        connection.execute(f"TRUNCATE doma_pandaarch.{target}_default".encode())
    for statement in _dropping(day):
        connection.execute(statement.encode())
    return {PLAIN: took, SPEED: jobs * (1 + 4 + 1 + 1) / took}


def _dropping(day: date) -> Iterator[str]:
    for table in ARCHIVED:
        yield f"DROP TABLE doma_panda.{_partition(table, day)}"
