"""Statistics are a recount of any jobs, while others move them, and whoever is killed."""

from __future__ import annotations

import multiprocessing
import random
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from statistics import median
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, null, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from pandadb.database import Database, DatabaseUnreachable
from pandadb.models import (
    JobsActive4,
    JobsDefined4,
    JobStatsHP,
    MVJobsActive4Stats,
    TotalWalltimeCache,
    TypicalNumInput,
)
from pandadb.services import jobs, statistics
from tests.factories import make_job
from tests.properties.test_crashes import wait_until
from tests.statistics_rows import KEY, PANDAIDS, add_resource_queue, refresh, rows

if TYPE_CHECKING:
    from ctypes import c_long
    from multiprocessing.process import BaseProcess

pytestmark = pytest.mark.any_server

Rows = dict[tuple[Any, ...], Any]
FORK = multiprocessing.get_context("fork")
COUNTS, CACHE = MVJobsActive4Stats.__table__, TotalWalltimeCache.__table__
KEY_OF_COUNTS = (
    "cloud", "computingsite", "countrygroup", "workinggroup", "relocationflag", "jobstatus",
    "processingtype", "prodsourcelabel", "currentpriority", "vo", "workqueue_id", "resource_type",
)  # fmt: skip
KEY_OF_CACHE = ("vo", "agg_type", "agg_key", "prodsourcelabel", "resource_type")
KEY_OF_INPUTS = ("vo", "agg_type", "agg_key", "prodsourcelabel", "processingtype")
KEY_OF_HIGHEST = (
    "prodsourcelabel", "cloud", "resource_type", "gshare", "jobstatus", "workqueue_id", "vo",
)  # fmt: skip
RESOURCE = 77
RECOUNTED = ("mv_jobsactive4_stats", "total_walltime_cache", "typical_num_input", "job_stats_hp")
JOBS = 120


def some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


JOB = st.fixed_dictionaries({
    "active": st.booleans(),
    "jobstatus": some("activated", "starting", "running", "defined", "assigned"),
    "vo": some("atlas", "cms", None), "cloud": some("WORLD", None),
    "gshare": some("Simulation", "", None), "computingsite": some("A", "B", None),
    "prodsourcelabel": some("managed", "user"), "resource_type": some("SCORE", None),
    "workqueue_id": some(50, RESOURCE, None), "processingtype": some("simul", "pmerge", None),
    "currentpriority": st.integers(-30, 30), "eventservice": some(None, 1, 2),
    "corecount": some(None, 8), "actualcorecount": some(None, 4),
    "maxwalltime": some(None, 0, 10), "ninputdatafiles": some(None, 0, 1, 2, 7),
    "relocationflag": some(0, 1, None),
})  # fmt: skip


def recounted(found: list[dict[str, Any]]) -> Rows:
    counts: Rows = defaultdict(lambda: (0, None))
    for job in (job for job in found if job["active"]):
        row = {**job, "currentpriority": int(job["currentpriority"] / 10) * 10}
        key = tuple(row.get(name) for name in KEY_OF_COUNTS)
        number, cores = counts[key]
        new = job["corecount"] if job["actualcorecount"] is None else job["actualcorecount"]
        counts[key] = number + 1, cores if new is None else (cores or 0) + new
    return counts


def summed(found: list[dict[str, Any]]) -> Rows:
    sums: Rows = defaultdict(lambda: (0, 0, 0))
    for job in found:
        key = keyed(job, KEY_OF_CACHE)
        if key is None or (job["active"] and job["jobstatus"] not in ("activated", "starting")):
            continue
        total, has, lacks = sums[key]
        known = job["maxwalltime"] is not None
        sums[key] = total + (job["maxwalltime"] or 0), has + known, lacks + (not known)
    return sums


def medians(found: list[dict[str, Any]]) -> Rows:
    files = defaultdict(list)
    for job in (job for job in found if job["active"] and job["ninputdatafiles"] is not None):
        if key := keyed(job, KEY_OF_INPUTS):
            files[key].append(job["ninputdatafiles"])
    return {key: (int(median(numbers) + 0.5),) for key, numbers in files.items()}


def highest(found: list[dict[str, Any]]) -> Rows:
    priorities = defaultdict(list)
    for job in found:
        waits = ("activated",) if job["active"] else ("assigned", "defined")
        merges = job["processingtype"] == "pmerge" or job["eventservice"] == 2
        key = tuple(job[name] for name in KEY_OF_HIGHEST)
        known = all(job[name] is not None for name in KEY_OF_HIGHEST if name != "workqueue_id")
        if job["jobstatus"] in waits and known and not merges:
            priorities[key].append(job["currentpriority"])
    return {key: (max(all_), all_.count(max(all_))) for key, all_ in priorities.items()}


def keyed(job: dict[str, Any], names: tuple[str, ...]) -> tuple[Any, ...] | None:
    """Return the key of a sum, or None if a part of it is missing."""
    special = job["workqueue_id"] == RESOURCE
    kind = ("workqueue", str(RESOURCE)) if special else ("gshare", job["gshare"])
    row = {**job, "agg_type": kind[0], "agg_key": kind[1]}
    key = tuple(row[name] for name in names)
    return key if all(key) and job["workqueue_id"] is not None else None


def kept(session: Session, model: Any, key: tuple[str, ...], *measures: str) -> Rows:
    """Return the rows of a table by their key, of which there is one row each."""
    found = rows(session, model.__table__, *key, *measures)
    by_key = {row[: len(key)]: row[len(key) :] for row in found}
    assert len(by_key) == len(found)
    return by_key


def put(session: Session, found: list[dict[str, Any]]) -> None:
    add_resource_queue(session, RESOURCE)
    for job in found:
        table = JobsActive4 if job["active"] else JobsDefined4
        columns = {name: null() if value is None else value for name, value in job.items()}
        del columns["active"]
        session.add(table(pandaid=next(PANDAIDS), **columns))
    session.flush()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(found=st.lists(JOB, max_size=25))
def test_statistics_are_a_recount(worker_database: Database, found: list[dict[str, Any]]) -> None:
    with worker_database.engine.connect() as connection, Session(connection) as session:
        put(session, found)
        for name in RECOUNTED:
            refresh(session, name)

        assert kept(
            session, MVJobsActive4Stats, KEY_OF_COUNTS, "num_of_jobs", "num_of_cores"
        ) == recounted(found)
        measures = ("total_walltime", "n_has_value", "n_no_value")
        assert kept(session, TotalWalltimeCache, KEY_OF_CACHE, *measures) == summed(found)
        assert kept(session, TypicalNumInput, KEY_OF_INPUTS, "ninputdatafiles") == medians(found)
        measures = ("max_priority", "max_priority_count")
        assert kept(session, JobStatsHP, KEY_OF_HIGHEST, *measures) == highest(found)
        session.rollback()


def make_defined_jobs(database: Database) -> list[int]:
    with database.session() as session:
        return [make_job(session, "defined", **KEY, maxwalltime=10) for _ in range(JOBS)]


def look(database: Database) -> tuple[int, int, int, int]:
    """Return queued jobs; rows of counts, their keys and their times: what one statement sees."""
    queued = select(func.coalesce(func.sum(CACHE.c.n_has_value + CACHE.c.n_no_value), 0))
    counts = [COUNTS.c[name] for name in KEY_OF_COUNTS]
    as_text = func.count(func.distinct(func.row(*counts).op("::")(text("text"))))
    seen = select(
        queued.scalar_subquery(),
        func.count(COUNTS.c.jobstatus),
        as_text,
        func.count(func.distinct(COUNTS.c.cur_date)),
    )
    with database.session() as session:
        return tuple(session.execute(seen).one())  # type: ignore[return-value]


@pytest.mark.slow
def test_refreshes_during_moves_see_each_job_once(database: Database) -> None:
    pandaids = make_defined_jobs(database)
    statistics.refresh(database)
    moved = Event()

    def move(part: int) -> None:
        for job in pandaids[part::2]:
            assert jobs.activate(database, [job]).jobs

    def work() -> int:
        done = 0
        while not moved.is_set():
            result = statistics.refresh(database, ["total_walltime_cache", "mv_jobsactive4_stats"])
            assert result.failed == []
            done += len(result.done)
        return done

    def watch() -> None:
        while not moved.is_set():
            queued, number, keys, times = look(database)
            assert queued == JOBS  # each is in JOBSDEFINED4 or in JOBSACTIVE4, never in both
            assert number == keys
            assert times <= 1

    with ThreadPoolExecutor(5) as pool:
        others = [pool.submit(task) for task in (work, work, watch)]
        try:
            for mover in [pool.submit(move, part) for part in range(2)]:
                mover.result()
        finally:
            moved.set()
        assert sum(done.result() or 0 for done in others) > 0

    statistics.refresh(database)
    with database.session() as session:
        assert rows(session, COUNTS, "jobstatus", "num_of_jobs") == [("activated", JOBS)]


def refresh_until_killed(url: str, runs: c_long) -> None:
    names = ["mv_jobsactive4_stats", "total_walltime_cache", "jobs_share_stats"]
    with Database(url) as database:
        while True:
            with suppress(DBAPIError, DatabaseUnreachable):
                statistics.refresh(database, names)
                runs.value += 1


def start(url: str, runs: c_long) -> BaseProcess:
    process = FORK.Process(target=refresh_until_killed, args=(url, runs), daemon=True)
    process.start()
    return process


@pytest.mark.slow
def test_kills_of_refreshes_leave_whole_rows_once(
    database: Database, database_url: str, pytestconfig: pytest.Config
) -> None:
    make_defined_jobs(database)
    with database.session() as session:
        for _ in range(JOBS):
            make_job(session, "activated", **KEY, maxwalltime=10)
    statistics.refresh(database)
    chance, runs = random.Random(), FORK.RawValue("l")
    others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    database.engine.dispose()
    processes = [start(database_url, runs) for _ in range(2)]
    try:
        for number in range(pytestconfig.getoption("--kills")):
            before = runs.value
            wait_until(lambda before=before: runs.value != before)
            if number % 2:
                with database.session() as session:
                    session.execute(others)
            else:
                place = chance.randrange(2)
                processes[place].kill()
                processes[place].join()
                processes[place] = start(database_url, runs)
            assert look(database) == (2 * JOBS, 1, 1, 1)
    finally:
        for process in processes:
            process.kill()
            process.join()
    assert statistics.refresh(database).failed == []
    assert look(database) == (2 * JOBS, 1, 1, 1)
