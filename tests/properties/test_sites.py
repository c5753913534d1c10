"""Loads of sites as properties: what they leave depends on the last dumps only; kills halve none.

How often processes are killed is said by `--kills`.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from pandadb.database import Database
from pandadb.models import NetworkMatrixKVTemp, SiteChange
from pandadb.services import sites
from pandadb.services.sites import ChangeKind, DumpKind
from tests.properties.test_crashes import how_many_work, wait_until
from tests.site_dumps import TABLES, content, dumps

if TYPE_CHECKING:
    from ctypes import c_long
    from multiprocessing.process import BaseProcess
    from pathlib import Path

pytestmark = pytest.mark.any_server

PROCESSES = 2
NUMBER = 40
"""Sites of a load that may be killed."""
SEEDS = (1, 2, 3)
FORK = multiprocessing.get_context("fork")
SHARED = [HealthCheck.function_scoped_fixture]
NAMES = st.lists(st.sampled_from("ABCDE"), min_size=1, unique=True)
FIELDS = st.dictionaries(st.sampled_from(["status", "cloud", "corecount"]), st.sampled_from("xyz"))


@st.composite
def some_dumps(draw: st.DrawFn) -> dict[DumpKind, Any]:
    """Draw dumps of some sites with some changes."""
    names = draw(NAMES)
    found = dumps(*names)
    for name in names:
        found[DumpKind.PANDA_QUEUES][f"{name}-GRID"] |= draw(FIELDS)
        found[DumpKind.SITES][name]["tier_level"] = draw(st.sampled_from([None, 1, 2]))
        if draw(st.booleans()):
            found[DumpKind.SITES][name]["state"] = "DISABLED"
    found[DumpKind.TAGS] = {f"{name}-GRID": draw(FIELDS) for name in draw(NAMES)}
    return found


@pytest.mark.slow
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(some_dumps(), min_size=1, max_size=4))
def test_the_history_played_back_is_what_the_tables_have(
    database: Database, loads: list[dict[DumpKind, Any]]
) -> None:
    with database.transaction() as connection:
        names = ", ".join(table.model.__table__.fullname for table in TABLES)
        connection.execute(text(f"TRUNCATE {names}, pandadb.site_change"))
    keys: dict[str, set[Any]] = {table.name: set() for table in TABLES}
    for one in loads:
        for change in sites.load(database, one, force=True).changes:
            known = keys[change.table]
            assert (change.key in known) == (change.kind is not ChangeKind.ADDED)
            (known.discard if change.kind is ChangeKind.REMOVED else known.add)(change.key)
        assert not sites.load(database, one, force=True).changes
    found = content(database)
    for table in TABLES:
        assert len(found[table.name]) == len(keys[table.name]), table.name
    with database.transaction() as connection:
        connection.execute(text(f"TRUNCATE {names}"))
    sites.load(database, loads[-1], force=True)
    alone = content(database)
    for table in TABLES:
        if table.name != "schedconfig_json":  # whose queues stay for a week
            stays = [row for row in found[table.name] if row not in alone[table.name]]
            kept = {"panda_site", "ddm_endpoint"}  # of sites that are not ACTIVE any more
            assert not stays or table.name in kept, table.name


def load_on(url: str, seed: int, steps: c_long, odd: Path) -> None:
    """Load one of some dumps again and again until somebody kills us."""
    parent = os.getppid()
    chance = random.Random(seed)
    given = [sites.generate(NUMBER, seed=one) for one in SEEDS]
    with Database(url) as database:
        while os.getppid() == parent:
            try:
                sites.load(database, chance.choice(given), force=True)
            except Exception:  # noqa: BLE001 - whatever it is, the test shows it
                (odd / f"{seed}.txt").write_text(traceback.format_exc())
            steps.value += 1


def start(url: str, seed: int, steps: c_long, odd: Path) -> BaseProcess:
    process = FORK.Process(target=load_on, args=(url, seed, steps, odd), daemon=True)
    process.start()
    return process


@pytest.mark.slow
def test_kills_leave_no_load_half_done(
    database: Database, database_url: str, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    """After the kills the tables have what one load has left, and the history says the same."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    print("seed", seed)  # noqa: T201 - shown when it fails
    wanted = {}
    for one in SEEDS:
        sites.load(database, sites.generate(NUMBER, seed=one), force=True)
        wanted[one] = content(database)
    steps = FORK.RawValue("l")
    processes = [start(database_url, seed + n, steps, tmp_path) for n in range(PROCESSES)]
    for number in range(pytestconfig.getoption("--kills")):
        before = steps.value
        wait_until(lambda before=before: steps.value != before)  # another one goes on
        time.sleep(chance.uniform(0, 0.3))
        place = chance.randrange(PROCESSES)
        processes[place].kill()
        processes[place].join()
        processes[place] = start(database_url, seed + PROCESSES + number, steps, tmp_path)
    for process in processes:
        process.kill()
        process.join()
    database.engine.dispose()  # its own idle connections are no others
    wait_until(lambda: how_many_work(database) == 0)
    assert [file.read_text() for file in tmp_path.iterdir()] == []
    found = content(database)
    whole = [one for one, rows in wanted.items() if same_but_kept(found, rows)]
    assert whole, "the tables have parts of several loads"
    with database.transaction() as connection:
        change = SiteChange.__table__.c
        assert connection.scalar(select(func.count()).select_from(NetworkMatrixKVTemp)) == 0
        counts = select(func.count()).where(change.table_name == "site")
        added = connection.scalar(counts.where(change.kind == "added")) or 0
        removed = connection.scalar(counts.where(change.kind == "removed")) or 0
    assert added - removed == len(found["site"])


def same_but_kept(found: dict[str, list[Any]], wanted: dict[str, list[Any]]) -> bool:
    """Return whether tables have what a load has left, beside rows of sites that are not ACTIVE."""
    kept = {"panda_site", "ddm_endpoint"}
    return all(
        {*map(repr, rows)} <= {*map(repr, found[name])} if name in kept else rows == found[name]
        for name, rows in wanted.items()
    )
