"""Archivers, their server's processes and the server killed at random points: nothing is lost.

How often is said by `--kills`. What it waits for is work that is done, however long that takes.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow.parquet  # noqa: F401 - processes that are forked have it then
import pytest
from sqlalchemy import text

from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF, days
from pandadb.core.archive.months import Month
from pandadb.core.partitions import catalog
from pandadb.database import Database
from pandadb.services import archive, partitions, schema
from pandadb.services.archive import CheckResult
from tests.databases import Server, temporary_database
from tests.properties import copied_days
from tests.properties.archivers import HELD, ROLES, work
from tests.properties.test_crashes import is_there, wait_until
from tests.servers import mortal_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ctypes import Array, c_long
    from datetime import date
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from tests.servers import PrivateServer

pytestmark = pytest.mark.any_server

FORK = multiprocessing.get_context("fork")
DAYS, EACH = 12, 10
"""Days at the beginning, and jobs of each."""
ENOUGH = {"swap": 16, "restore": 4, "copy": 1}
"""So many partitions have to go each way, so that there was something to lose."""
LEFTOVERS = {
    "a table that is no partition": """
        SELECT c.oid::regclass::text FROM pg_class c
         WHERE c.relname ~ '^(jobsarchived|filestable|jobparamstable|metatable).*_p[0-9]'
           AND c.relkind = 'r' AND NOT c.relispartition""",
    "a CHECK of a partition on its way": """
        SELECT conrelid::regclass::text FROM pg_constraint WHERE conname = 'archive_bounds'""",
    "an index that nobody can use": """
        SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR NOT indisready""",
    "a lock of somebody who is gone": """
        SELECT pid::text FROM pg_locks WHERE locktype = 'advisory'""",
}


@pytest.fixture
def mortal(pytestconfig: pytest.Config) -> Iterator[PrivateServer]:
    """A server of our own that can be killed."""
    choice = pytestconfig.getoption("--postgres")
    with mortal_server("embedded" if "://" in choice else choice) as server:
        yield server


class Crowd:
    """All who are at work, and whoever kills one of them."""

    def __init__(self, url: str, folder: Path, chance: random.Random) -> None:
        self.url, self.folder, self.chance = url, folder, chance
        self.steps: Array[c_long] = FORK.RawArray("l", len(ROLES))
        self.begun = [0] * len(ROLES)
        self.all = [self._start(place) for place in range(len(ROLES))]

    def _start(self, place: int) -> BaseProcess:
        self.begun[place] = self.steps[place]
        seed = self.chance.randrange(10**9)
        words = {"place": place, "seed": seed, "steps": self.steps, "folder": self.folder}
        who = (self.url, ROLES[place])
        process = FORK.Process(target=work, args=who, kwargs=words, daemon=True)
        process.start()
        return process

    def wait(self, place: int) -> None:
        """Wait until somebody has begun to do something, and then a moment of any length."""
        wait_until(lambda: self.steps[place] != self.begun[place], 120)
        time.sleep(self.chance.uniform(0, 0.3))

    def kill_one(self) -> None:
        place = self.chance.randrange(len(ROLES))
        self.wait(place)
        self._end(place)
        self.all[place] = self._start(place)

    def kill_a_process_of_the_server(self, database: Database) -> None:
        """Kill what works for somebody; all others end with it, and the server recovers."""
        place = self.chance.randrange(len(ROLES))
        self.begun[place] = self.steps[place]
        self.wait(place)
        theirs = text(
            "SELECT pid FROM pg_stat_activity WHERE application_name = :role"
            " ORDER BY state <> 'active', random() LIMIT 1"
        )
        words = {"role": ROLES[place]}
        pid = database.retrying(lambda session: session.scalar(theirs, words), attempts=8)
        kill([pid] if pid else [])
        wait_until(lambda: is_there(database))

    def kill_the_server(self, database: Database, server: PrivateServer) -> None:
        """Kill the first of the server's processes, perhaps all at once; start it again."""
        place = self.chance.randrange(len(ROLES))
        self.begun[place] = self.steps[place]
        self.wait(place)
        query = text("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        pids = database.retrying(lambda session: [*session.scalars(query)], attempts=8)
        server.kill()
        kill(pids if self.chance.random() < 0.5 else [])
        server.revive()
        wait_until(lambda: is_there(database))

    def _end(self, place: int) -> None:
        self.all[place].kill()
        self.all[place].join()

    def end(self) -> None:
        for place in range(len(ROLES)):
            self._end(place)


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_kills_lose_and_double_nothing(
    mortal: PrivateServer, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)  # noqa: T201 - shown when it fails
    chance = random.Random(seed)
    for name in ("months", "odd"):
        (tmp_path / name).mkdir()
    with (
        temporary_database(Server(mortal.url(), "pandadb_test_")) as url,
        Database(url) as database,
    ):
        make_days(database)
        crowd = Crowd(url, tmp_path, chance)
        try:
            for number in range(pytestconfig.getoption("--kills")):
                if number % 12 == 5:
                    crowd.kill_the_server(database, mortal)
                elif number % 8 == 3:
                    crowd.kill_a_process_of_the_server(database)
                else:
                    crowd.kill_one()
            wait_until(lambda: has_gone_enough(database), 300)
        finally:
            crowd.end()
        wait_until(lambda: nobody_works(database), 120)
        odd = {path.name: path.read_text() for path in (tmp_path / "odd").iterdir()}
        assert not odd, "\n".join(odd.values())
        finish(database)
        is_proven_and_nothing_is_left(database)
        export_all(database, tmp_path / "months")
        is_proven_and_nothing_is_left(database)
        with database.session() as session:
            copied_days.compare(session, tmp_path / "months")
        assert schema.check(database) == []


def make_days(database: Database) -> None:
    schema.upgrade(database)
    with database.session() as session:
        copied_days.prepare(session)
        day = session.scalar(text("SELECT date_trunc('day', localtimestamp) - interval '32 days'"))
        assert day
        copied_days.add(session, day, DAYS * EACH, EACH)
    partitions.maintain(database, tables=[*ARCHIVE_OF], drain=True)
    assert len(archive.plan(database)) == DAYS  # and who is forked then, knows all models


def nobody_works(database: Database) -> bool:
    """Tell whether the server has ended what it did for those who are gone."""
    theirs = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = ANY(:roles)")
    words = {"roles": [*ROLES]}
    return not database.retrying(lambda session: session.scalar(theirs, words), attempts=8)


def has_gone_enough(database: Database) -> bool:
    query = text("SELECT how, count(*) FROM pandadb.archive_proof GROUP BY how")

    def look(session: Any) -> dict[str, int]:
        return dict(tuple(row) for row in session.execute(query))

    gone = database.retrying(look, attempts=8)
    return all(gone.get(how, 0) >= number for how, number in ENOUGH.items())


def finish(database: Database) -> None:
    """End what was begun, and archive all that may go, restored days too."""
    archive.release(database, [HELD])
    partitions.maintain(database, tables=[*ARCHIVE_OF], drain=True)
    first = archive.run(database)
    assert not first.busy
    again = archive.run(database, only=old_days(database))
    for ran in (first, again):
        assert (ran.lost, ran.contended, ran.left) == ([], [], [])
        assert all(not (one.gone.refused or one.gone.contended) for one in ran.merged)
    assert [day.put_off for day in again.put_off] == []


def old_days(database: Database) -> list[date]:
    with database.session() as session:
        found = days(catalog.partitions(session, [*ARCHIVE_OF]))
    return [day.lower.date() for day in found]


def is_proven_and_nothing_is_left(database: Database) -> None:
    found = {one.partition: one.found for one in archive.verify(database)}
    odd = {
        name: what
        for name, what in found.items()
        if what not in (CheckResult.SAME, CheckResult.UPDATED)
    }
    assert odd == {}
    with database.session() as session:
        for what, query in LEFTOVERS.items():
            left = session.connection().exec_driver_sql(query).scalars().all()
            assert left == [], what


def export_all(database: Database, folder: Path) -> None:
    """Have each month in one place: in files, or, if files have other rows of it, where it is."""
    with database.session() as session:
        there = days(catalog.partitions(session, [*LIVE_OF]), LIVE_OF)
    for month in sorted({str(Month.of(f"{day.lower:%Y-%m}")) for day in there}):
        try:
            archive.export(database, month, folder, overwrite=True)
        except archive.NotExported as why:
            assert "has" in str(why), why  # noqa: PT017
        else:
            archive.drop_exported(database, month, folder)
    assert [path.name for path in folder.glob(".*")] == []
