"""Lookups in an archive of many partitions: exact, and never with the locks of more than a few."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from pandadb.core.archive.lookup import pandaid_index
from pandadb.core.archive.lookup.pandaid_index import GROUP
from pandadb.core.jobs.csv_import.insertion import present
from pandadb.core.jobs.refusals import RefusalReason, explain
from pandadb.core.jobs.search.filters import Filter
from pandadb.core.jobs.search.histories import history
from pandadb.core.jobs.search.pages import Page, UnknownJob, count, find, get
from pandadb.core.jobs.search.pagination import Order
from pandadb.core.jobs.states import transitions
from pandadb.core.sql.time_range import TimeRange
from pandadb.database import Database
from pandadb.models import FilesTableArch, JobParamsTableArch, JobsArchived
from tests.databases import Server, temporary_database
from tests.factories import make_job

pytestmark = pytest.mark.slow

FIRST = datetime(2020, 1, 1)
DAYS, EACH = 24, 5
IDS = range(DAYS * EACH)
SITES = ("CERN", None, "bnl", "BNL", "")
LATE = 10**9
"""A PandaID that no note has."""
LOCKED = text("""
SELECT count(DISTINCT c.oid) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
 WHERE l.pid = :pid AND c.relkind = 'r' AND c.relname ~ '^(jobsarchived|filestable_arch)_p'
""")
MOVED_BACK = """
WITH gone AS (DELETE FROM doma_pandaarch.jobsarchived WHERE pandaid = :id RETURNING *)
INSERT INTO doma_panda.jobsarchived4 SELECT * FROM gone
"""


def day(number: int) -> datetime:
    return FIRST + timedelta(number)


def noon(pandaid: int) -> datetime:
    return day(pandaid // EACH) + timedelta(hours=12)


@pytest.fixture(scope="module")
def archive(server: Server, template: str) -> Iterator[Database]:
    """Days of jobs, whose PandaIDs follow the days; each has a file."""
    with temporary_database(server, template) as url, Database(url) as database:
        with database.session() as session:
            for number in range(DAYS):
                for table in ("jobsarchived", "filestable_arch"):
                    name = f"doma_pandaarch.{table}"
                    session.execute(text(
                        f"CREATE TABLE {name}_p{day(number):%Y_%m_%d} PARTITION OF {name}"
                        f" FOR VALUES FROM ('{day(number)}') TO ('{day(number + 1)}')"
                    ))  # fmt: skip
            add(session, *IDS)
            pandaid_index.refresh(session)
        yield database


def add(session: Session, *pandaids: int, **columns: Any) -> None:
    """Put jobs with a file each into the archive."""
    rows: list[dict[str, Any]] = [
        {"pandaid": n, "modificationtime": noon(n % len(IDS)), **columns} for n in pandaids
    ]
    known = {"jobstatus": "finished", "jeditaskid": 7, "nevents": 0, "cpuconsumptiontime": 0}
    jobs = [{**row, **known, "computingsite": SITES[row["pandaid"] % 5]} for row in rows]
    session.execute(JobsArchived.__table__.insert(), jobs)
    session.execute(
        FilesTableArch.__table__.insert(), [{"row_id": r["pandaid"], **r} for r in rows]
    )


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    with Session(database.engine) as session:
        yield session


def most_locked(database: Database, session: Session, work: Callable[[], Any]) -> int:
    """Return how many partitions were locked at once, as others see it after each statement."""
    seen = []
    pid = session.scalar(text("SELECT pg_backend_pid()"))
    with database.engine.connect() as other:

        def look(*_: Any) -> None:
            seen.append(other.scalar(LOCKED, {"pid": pid}) or 0)

        connection = session.connection()
        event.listen(connection, "after_cursor_execute", look)
        work()
        look()
        event.remove(connection, "after_cursor_execute", look)
    return max(seen)


def ids(session: Session, **chosen: Any) -> list[int]:
    return [job["pandaid"] for job in find(session, Filter(archive=True, **chosen)).jobs]


def test_a_job_is_found_by_asking_the_partition_that_has_it(archive: Database) -> None:
    with undone(archive) as session:
        job: dict[str, Any] = {}
        locks = most_locked(archive, session, lambda: job.update(get(session, 113)))

        assert (job["table"], job["modificationtime"]) == ("jobsarchived", noon(113))
        assert [file["row_id"] for file in job["files"]] == [113]
        assert locks == 2  # that of the job, and that of its files
        assert most_locked(archive, session, lambda: history(session, 77)) <= 4
        assert ids(session, pandaids=[77]) == [77]


@pytest.mark.parametrize("notes", ["true", "false", "lower_bound > '2020-01-20'"])
def test_what_no_note_has_is_looked_for_everywhere_a_few_partitions_at_a_time(
    archive: Database, notes: str
) -> None:
    with undone(archive) as session:
        session.execute(text(f"DELETE FROM pandadb.archive_range WHERE NOT ({notes})"))
        for unknown in (LATE, 10**8):
            with pytest.raises(UnknownJob):
                get(session, unknown)

        def work() -> None:
            assert (
                explain(session, transitions("finish"), [LATE])[LATE].reason
                is RefusalReason.UNKNOWN
            )
            assert get(session, 17)["files"]
            assert ids(session, pandaids=[17, LATE]) == [17]
            assert present(session, [3, 119, LATE], 7) == {3, 119}

        assert 0 < most_locked(archive, session, work) <= GROUP + 6

        add(session, LATE, modificationtime=noon(50))
        assert [file["pandaid"] for file in get(session, LATE)["files"]] == [LATE]
        assert ids(session, pandaids=[LATE, 3]) == [3, LATE]
        assert history(session, LATE).attempts[0].table == "jobsarchived"
        assert "has ended" in explain(session, transitions("fail"), [LATE])[LATE].sentence


@pytest.mark.parametrize(
    ("order", "descending"), [("computingsite", True), ("modificationtime", False)]
)
def test_jobs_of_all_days_are_listed_in_any_order_as_if_they_were_not_named(
    archive: Database, order: str, descending: bool
) -> None:
    by = Order(order, descending)
    with undone(archive) as session:
        make_job(session, "running", pandaid=LATE, computingsite="CERN", jeditaskid=7)
        whole = find(session, Filter(archive=True), order=by, limit=300)
        named = Filter(pandaids=[*IDS, LATE, 5], archive=True)
        pages, after = [], None
        for _ in range(3):
            page = find(session, named, order=by, limit=50, after=after)
            pages += page.jobs
            after = page.next

        assert pages == whole.jobs
        assert (len(pages), after) == (len(IDS) + 1, None)
        every = Filter(archive=True)
        assert count(session, named, ["table", "computingsite"]) == count(
            session, every, ["table", "computingsite"]
        )
        assert most_locked(archive, session, lambda: None) == DAYS  # what was not named locks all
    with undone(archive) as session:
        assert most_locked(archive, session, lambda: find(session, named, order=by)) <= GROUP + 1
        assert most_locked(archive, session, lambda: count(session, named)) <= GROUP + 1


@pytest.mark.slow
def test_a_time_is_seen_by_the_planner_however_often_it_is_asked(archive: Database) -> None:
    chosen = Filter(archive=True, since=day(3), until=day(5), jeditaskid=7)
    with undone(archive) as session:
        for _ in range(12):  # a server tries a plan for all values at the sixth time
            assert len(find(session, chosen).jobs) == 2 * EACH

        assert most_locked(archive, session, lambda: None) == 2


@pytest.mark.parametrize("table", ["archive_range", "jobsarchived"])
def test_a_job_on_its_way_between_live_and_archive_is_always_found(
    archive: Database, table: str
) -> None:
    """It is moved just before the archive is looked into, where it was when live was looked at."""

    def look(work: Callable[[Session], Any], pandaid: int) -> Any:
        with undone(archive) as session:
            todo = [pandaid]

            def move(*given: Any) -> None:
                if todo and f".{table}" in given[2]:
                    with archive.session() as other:
                        other.execute(text(MOVED_BACK), {"id": todo.pop()})

            event.listen(session.connection(), "before_cursor_execute", move)
            return work(session)

    first = 20 if table == "jobsarchived" else 30
    assert look(lambda s: get(s, first), first)["table"] == "jobsarchived4"
    assert look(lambda s: history(s, first + 1), first + 1).attempts[0].table == "jobsarchived4"
    assert look(lambda s: ids(s, pandaids=[first + 2]), first + 2) == [first + 2]
    with archive.session() as session:
        back = MOVED_BACK.replace("doma_pandaarch.jobsarchived", "X").replace(
            "doma_panda.jobsarchived4", "doma_pandaarch.jobsarchived"
        ).replace("X", "doma_panda.jobsarchived4").replace("pandaid = :id", "true")  # fmt: skip
        session.execute(text(back))


@pytest.mark.parametrize("work", [count, find])
def test_a_job_that_is_archived_before_the_live_tables_are_read_is_not_missed(
    archive: Database, work: Callable[[Session, Filter], Any]
) -> None:
    at = {"id": LATE + 5, "at": noon(52)}
    gone = "DELETE FROM {} WHERE pandaid = :id"
    moved = f"WITH gone AS ({gone} RETURNING *) INSERT INTO {{}} SELECT * FROM gone"
    live, archived = "doma_panda.jobsarchived4", "doma_pandaarch.jobsarchived"
    with archive.session() as session:
        session.execute(text(f"INSERT INTO {live} (pandaid, jobstatus, modificationtime)"
                             " VALUES (:id, 'finished', :at)"), at)  # fmt: skip
    todo = [moved.format(live, archived)]

    def move(*given: Any) -> None:
        if todo and archived in given[2] and live in given[2]:
            with archive.session() as other:
                other.execute(text(todo.pop()), at)

    with undone(archive) as session:
        event.listen(session.connection(), "before_cursor_execute", move)
        found = work(session, Filter(pandaids=[LATE + 5], archive=True))
    with archive.session() as session:
        session.execute(text(gone.format(archived)), at)

    assert not todo
    if isinstance(found, Page):
        assert [(job["pandaid"], job["table"]) for job in found.jobs] == [
            (LATE + 5, "jobsarchived")
        ]
    else:
        assert found == [{"jobs": 1}]


def test_what_belongs_to_a_job_is_found_on_another_day_or_in_the_other_place(
    archive: Database,
) -> None:
    with undone(archive) as session:
        session.execute(text("UPDATE doma_pandaarch.filestable_arch SET modificationtime = :at"
                             " WHERE pandaid = 60"), {"at": noon(100)})  # fmt: skip
        pandaid_index.forget(session, TimeRange(noon(100), noon(100)))
        params = {"pandaid": 60, "modificationtime": noon(60), "jobparameters": "--events"}
        session.execute(JobParamsTableArch.__table__.insert(), params)  # which is not noted

        job = get(session, 60)
        assert ([file["row_id"] for file in job["files"]], job["jobparameters"]) == (
            [60],
            "--events",
        )
        ended = make_job(session, "finished", pandaid=61 + LATE, modificationtime=noon(61))
        session.execute(text("UPDATE doma_pandaarch.filestable_arch SET pandaid = :id"
                             " WHERE pandaid = 61"), {"id": ended})  # fmt: skip
        assert [file["row_id"] for file in get(session, ended)["files"]] == [61]


def test_a_job_that_lives_is_not_looked_for_in_the_archive(archive: Database) -> None:
    with undone(archive) as session:
        pandaid = make_job(session, "running")

        assert most_locked(archive, session, lambda: get(session, pandaid)) == 0


def test_notes_are_of_the_partitions_that_there_are(archive: Database) -> None:
    notes = text("SELECT lower_bound, least_pandaid, greatest_pandaid FROM pandadb.archive_range"
                 " WHERE table_name = 'jobsarchived' ORDER BY 1")  # fmt: skip
    with undone(archive) as session:
        before = session.execute(notes).all()
        assert before[3] == (day(3), 3 * EACH, 4 * EACH - 1)
        session.execute(text("DROP TABLE doma_pandaarch.jobsarchived_p2020_01_01"))
        session.execute(text("TRUNCATE doma_pandaarch.jobsarchived_p2020_01_04"))
        assert pandaid_index.refresh(session) == 0
        pandaid_index.forget(session, TimeRange(day(3), day(4)))

        assert pandaid_index.refresh(session) == 2  # of jobs, and of files
        after = session.execute(notes).all()
        assert [*after[:3]] == [*before[1:3], (day(3), None, None)]
        assert len(after) == DAYS - 1
        with pytest.raises(UnknownJob):
            get(session, 3 * EACH)


def test_the_views_have_jobs_of_any_age_and_read_what_is_asked_for(archive: Database) -> None:
    query = "SELECT place, count(*) FROM pandadb.{} GROUP BY 1 ORDER BY 1"
    with undone(archive) as session:
        for state in ("defined", "waiting", "running", "finished"):
            make_job(session, state)

        def rows(view: str) -> list[Any]:
            return [tuple(row) for row in session.execute(text(query.format(view)))]

        assert rows("jobs") == [
            ("jobsactive4", 1), ("jobsarchived", len(IDS)), ("jobsarchived4", 1),
            ("jobsdefined4", 1), ("jobswaiting4", 1),
        ]  # fmt: skip
        assert rows("files") == [("filestable_arch", len(IDS))]
        assert rows("jobparams") == rows("metadata") == []
        plan = session.scalars(text(
            "EXPLAIN SELECT * FROM pandadb.jobs WHERE pandaid = 17"
            f" AND modificationtime >= '{day(3)}' AND modificationtime < '{day(4)}'"
        )).all()  # fmt: skip
        assert {*re.findall(r" on (jobsarchived_\w+)", "\n".join(plan))} == {
            "jobsarchived_p2020_01_04"
        }
