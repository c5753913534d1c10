"""All jobs that match a filter, page by page: each once, in short transactions."""

from __future__ import annotations

import gc
import tracemalloc
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JobsActive4
from pandadb.services import jobs
from pandadb.services.jobs import Filter
from tests.factories import make_archived, make_job

if TYPE_CHECKING:
    from pandadb.database import Database


def make(database: Database, *states: str) -> list[int]:
    with database.session() as session:
        return [make_job(session, state, jeditaskid=5) for state in states]


@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 100])
def test_each_job_is_yielded_once_whatever_the_page(database: Database, page_size: int) -> None:
    made = make(database, "defined", "running", "finished", "activated")

    found = list(jobs.iterate(database, Filter(jeditaskid=5), page_size=page_size))

    assert [job["pandaid"] for job in found] == made
    tables = [job["table"] for job in found]
    assert tables == ["jobsdefined4", "jobsactive4", "jobsarchived4", "jobsactive4"]


def test_it_yields_the_columns_that_are_named(database: Database) -> None:
    make(database, "running")

    assert list(jobs.iterate(database, columns=["jobstatus"])) == [
        {"table": "jobsactive4", "jobstatus": "running"}
    ]


def test_it_takes_the_archive_and_thousands_of_pandaids(database: Database) -> None:
    live = make(database, "running", "failed")
    with database.session() as session:
        archived = make_archived(session, "finished")
    wanted = [*live, archived, *range(1, 2500)]

    found = jobs.iterate(database, Filter(pandaids=wanted, archive=True), columns=["pandaid"])

    assert [job["pandaid"] for job in found] == sorted([*live, archived])


def test_no_jobs_are_no_pages(database: Database) -> None:
    assert list(jobs.iterate(database, Filter(pandaids=[]))) == []
    assert list(jobs.iterate(database, Filter(jobstatus=[]))) == []


def test_wrong_arguments_are_refused_by_the_call(database: Database) -> None:
    with pytest.raises(InvalidValue, match="jobs have no column 'jobstats'"):
        jobs.iterate(database, columns=["jobstats"])
    with pytest.raises(InvalidValue, match="page_size has to be from 1"):
        jobs.iterate(database, page_size=0)
    with pytest.raises(InvalidValue, match="is no regular expression"):
        next(jobs.iterate(database, Filter(errortext="(")))


def test_no_transaction_is_open_between_two_jobs_and_a_move_does_not_repeat_one(
    database: Database,
) -> None:
    made = make(database, "activated", "activated", "activated")
    found = jobs.iterate(database, Filter(jeditaskid=5), page_size=1)

    first = next(found)
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    jobs.kill(database, made[:2], by="test")
    others = list(found)

    assert [job["pandaid"] for job in (first, *others)] == made
    assert [job["jobstatus"] for job in others] == ["cancelled", "activated"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_jobs(database: Database) -> None:
    with database.session() as session:
        session.add_all(JobsActive4(pandaid=n, jeditaskid=5) for n in range(1, 2001))

    def held() -> int:
        gc.collect()  # SQLAlchemy's statements are garbage in cycles
        return tracemalloc.get_traced_memory()[0]

    rows = jobs.iterate(database, Filter(jeditaskid=5), page_size=100)
    tracemalloc.start()
    try:
        assert sum(1 for _ in islice(rows, 450)) == 450
        early = held()
        assert sum(1 for _ in islice(rows, 1500)) == 1500
        late = held()
    finally:
        tracemalloc.stop()

    assert late < early + 1_000_000  # 1,500 jobs with all columns are ten times as much
