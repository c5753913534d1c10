"""Where jobs and days are, what they wait for, and what was proven of them, on a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import make_url, text

from pandadb.core.archive.deferrals import Reason
from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.core.partitions.intervals import Span
from pandadb.core.partitions.policies import POLICIES, Then
from pandadb.database import Database
from pandadb.services import archive, grants
from pandadb.services.archive import GracePeriods, explain_day, explain_job
from pandadb.services.archive.explanations import Kind, NextAction
from tests.databases import temporary_database
from tests.factories import make_job
from tests.services.archive.test_failures import unreadable
from tests.services.archive.test_runs import TODAY, ago, make_days, three_days, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandadb.services.archive import ExplainedDay, ExplainedJob
    from tests.databases import Server

pytestmark = pytest.mark.slow

OLD, LESS_OLD = TODAY - timedelta(50), TODAY - timedelta(40)
AT_ONCE = GracePeriods.of_days(0, 0)


def do(database: Database, *statements: str, **words: Any) -> None:
    with database.session() as session:
        for statement in statements:
            session.execute(text(statement), words)


def why(found: ExplainedJob | ExplainedDay) -> list[Reason]:
    return [one.reason for one in found.waits]


CONTENTS = {"days": three_days}


@pytest.fixture
def days(database: Database) -> Database:
    """A database with days of 50, 40 and 20 days ago."""
    return database


@pytest.fixture
def there(server: Server, template: str) -> Iterator[Database]:
    """Another database, which is the archive."""
    with temporary_database(server, template) as url, Database(url) as opened:
        yield opened


@pytest.mark.slow
def test_a_job_goes_from_its_day_to_the_archive_and_its_proofs_say_when(days: Database) -> None:
    before = explain_job(days, 1)
    archive.run(days)
    after = explain_job(days, 1)

    assert before.where
    assert (before.where.kind, before.where.partition) == (
        Kind.ENDED,
        f"jobsarchived4_p{OLD:%Y_%m_%d}",
    )
    assert (before.jobstatus, before.modificationtime, before.day) == ("finished", ago(50), OLD)
    assert before.due_from == datetime.combine(OLD + timedelta(31), datetime.min.time())
    assert (before.next, before.waits, before.proofs) == (NextAction.SWAP, [], [])
    assert after.where
    assert str(after.where) == (
        f"the archive, in partition jobsarchived_p{OLD:%Y_%m_%d} of jobsarchived"
    )
    assert (after.where.kind, after.next, after.waits) == (Kind.ARCHIVE, None, [])
    proven = {one.table: (one.how, one.source_rows, one.target_rows) for one in after.proofs
              if one.target_rows is not None}  # fmt: skip
    assert proven["jobsarchived4"] == ("swap", 2, 2)
    assert proven["filestable4"] == ("swap", 4, 4)
    assert all(one.at.date() >= TODAY for one in after.proofs)


def test_a_job_waits_for_its_end_and_a_young_one_for_its_time(days: Database) -> None:
    with days.session() as session:
        make_job(session, "running", 10)
        make_job(session, "waiting", 11)

    running, waiting, young = (explain_job(days, pandaid) for pandaid in (10, 11, 4))

    assert running.where
    assert (running.where.table, why(running)) == ("jobsactive4", [Reason.NOT_ENDED])
    assert str(running.waits[0]) == "it has not ended: it is running"
    assert waiting.where
    assert (waiting.where.kind, waiting.day) == (Kind.WAITING, None)
    assert why(young) == [Reason.NOT_DUE]
    assert str(young.waits[0]) == f"its day is due from {TODAY + timedelta(11)} on"


def test_a_reader_may_ask(days: Database, database_url: str, prefix: str) -> None:
    grants.grant(days, prefix)
    archive.run(days, only=[OLD])
    archive.hold(days, [7])
    url = make_url(database_url).update_query_dict({"options": f"-c role={prefix}_reader"})

    with Database(url) as reader:
        with reader.session() as session:
            assert session.scalar(text("SELECT current_user")) == f"{prefix}_reader"
        archived, held, day = (
            explain_job(reader, 1),
            explain_job(reader, 3),
            explain_day(reader, OLD),
        )

    assert archived.where
    assert (archived.where.kind, why(held)) == (Kind.ARCHIVE, [Reason.TASKS_HELD])
    assert [one.jeditaskid for one in day.holds] == [7]


def test_a_job_that_no_table_has_is_nowhere(days: Database) -> None:
    assert explain_job(days, 999).where is None
    assert explain_day(days, datetime(2020, 1, 1).date()).places == []


def test_jobs_in_default_partitions_are_named_with_the_command_that_mends_it(
    database: Database,
) -> None:
    write(database, 1, 2, days=50)
    write(database, 3, days=20)
    do(database, "INSERT INTO doma_panda.jobsarchived4 (pandaid, jobstatus, modificationtime)"
       " VALUES (5, 'failed', 'infinity')")  # fmt: skip

    job, odd, day = explain_job(database, 1), explain_job(database, 5), explain_day(database, OLD)

    assert job.where
    assert (job.where.kind, why(job), job.next) == (Kind.DEFAULT, [Reason.IN_DEFAULT], None)
    assert str(job.waits[0]) == (
        "rows of the day are in DEFAULT partitions (jobsarchived4_default 2, filestable4_default 4,"
        " jobparamstable_default 2, metatable_default 2), and no run takes them: pandadb partitions"
        " maintain --drain moves them to their day"
    )
    assert job.due_from == datetime.combine(OLD + timedelta(31), datetime.min.time())
    assert why(odd) == [Reason.NO_DAY]
    assert {one.kind for one in day.places} == {Kind.DEFAULT}
    found = archive.in_default(database)
    assert (found.jobs, found.oldest) == (2, datetime.combine(OLD, datetime.min.time()))
    status = archive.status(database)
    assert (status.in_default, status.oldest_in_default) == (found.jobs, found.oldest)
    assert archive.run(database).notes == [str(found)]
    assert "2, the oldest of" in str(found)
    make_days(database)
    assert explain_job(database, 1).next is NextAction.SWAP
    assert str(archive.in_default(database)) == ""
    assert archive.run(database).notes == []


def test_files_in_a_default_partition_count_as_their_jobs_and_live_ones_do_not(
    days: Database,
) -> None:
    do(days, "INSERT INTO doma_panda.filestable4 (row_id, pandaid, modificationtime, type)"
       " VALUES (90, 9, :at, 'log'), (91, 9, :at, 'input'), (92, 8, '1970-01-01', 'log')",
       at=ago(60))  # fmt: skip

    assert archive.in_default(days).jobs == 1
    assert archive.in_default(days, kept(Then.KEEP)).jobs == 0


def kept(then: Then, retention: str = "30 days") -> dict[str, Any]:
    span = Span.of(retention)
    words = {t: replace(POLICIES[t], then=then, retention=span) for t in ARCHIVE_OF}
    return {**POLICIES, **words}


def test_what_is_due_with_copies_is_told_for_default_partitions_too(
    database: Database, there: Database
) -> None:
    write(database, 1, days=50)

    ran = archive.run(database, archive=there)

    assert ran.notes == [str(archive.in_default(database))]
    assert archive.status(database, archive=there).in_default == 1


@pytest.mark.slow
def test_each_reason_that_defers_a_day_is_told_with_its_code(days: Database) -> None:
    archive.hold(days, [7], "is looked into")
    held = explain_job(days, 1)
    archive.release(days, [7])
    archive.pause(days, reason="a disk")
    paused = explain_job(days, 1)
    archive.resume(days)
    do(days, "INSERT INTO doma_pandaarch.metatable_arch (pandaid, modificationtime)"
       " VALUES (1, :at)", at=ago(50))  # fmt: skip
    strewn = explain_day(days, OLD)
    do(days, "DELETE FROM doma_pandaarch.metatable_arch")
    archive.run(days, only=[OLD])
    archive.restore_jobs(days, pandaids=[1])
    restored = explain_job(days, 1)
    archive.restore(days, OLD)
    must_not = explain_job(days, 2)

    assert [(one.jeditaskid, one.why) for one in held.holds] == [(7, "is looked into")]
    assert (why(held), held.next) == ([Reason.TASKS_HELD], None)
    assert (why(paused), paused.next) == ([Reason.PAUSED], NextAction.SWAP)
    assert "a disk" in str(paused.waits[0])
    assert why(strewn) == [Reason.ARCHIVE_DEFAULT]
    assert why(restored) == [Reason.RESTORED]
    assert why(must_not) == [Reason.MUST_NOT]
    assert why(explain_day(days, OLD, kept(Then.KEEP))) == [Reason.NO_POLICY]
    assert [one.how for one in must_not.proofs if one.table == "jobsarchived4"] == [
        "swap",
        "swap",
        "take",
        "take",
    ]


def test_a_day_in_a_wide_partition_and_one_that_is_twice_are_told(days: Database) -> None:
    do(days, "CREATE TABLE doma_panda.metatable_wide PARTITION OF doma_panda.metatable"
       f" FOR VALUES FROM ('{TODAY - timedelta(39)}') TO ('{TODAY - timedelta(22)}')")  # fmt: skip
    write(days, 5, days=35)
    make_days(days)
    do(days, "INSERT INTO doma_pandaarch.jobsarchived (pandaid, jobstatus, modificationtime,"
       " nevents, cpuconsumptiontime) VALUES (1, 'finished', :at, 0, 0)", at=ago(50))  # fmt: skip

    assert why(explain_job(days, 5)) == [Reason.TOO_YOUNG]
    assert why(explain_job(days, 1)) == [Reason.TWO_PLACES, Reason.ARCHIVE_DEFAULT]


@pytest.mark.slow
def test_a_day_by_rows_and_a_month_are_told(days: Database) -> None:
    archive.run(days, only=[OLD])
    write(days, 6, days=50)
    make_days(days)

    late = explain_job(days, 6)
    archive.run(days)
    archive.compact(days, f"{TODAY:%Y-%m}")
    do(days, "CREATE TABLE doma_pandaarch.jobsarchived_p2026_03 PARTITION OF"
       " doma_pandaarch.jobsarchived FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')",
       "INSERT INTO doma_pandaarch.jobsarchived (pandaid, jobstatus, modificationtime, nevents,"
       " cpuconsumptiontime) VALUES (7, 'failed', '2026-03-07', 0, 0)")  # fmt: skip
    month = explain_job(days, 7)

    assert (late.next, late.waits) == (NextAction.ROWS, [])
    assert month.where
    assert (month.where.kind, month.where.partition) == (Kind.MONTH, "jobsarchived_p2026_03")


@pytest.mark.slow
def test_a_copied_day_waits_and_is_then_in_the_other_database(
    days: Database, there: Database
) -> None:
    assert explain_job(days, 1, archive=there).next is NextAction.COPY
    archive.run(days, archive=there)
    copied = explain_job(days, 1, archive=there)
    ready = explain_job(days, 1, archive=there, waits=AT_ONCE)
    archive.run(days, archive=there, waits=AT_ONCE)
    gone = explain_job(days, 1, archive=there)

    assert (why(copied), copied.next) == ([Reason.COPIED], None)
    assert "and is dropped here from" in str(copied.waits[0])
    assert ready.next is NextAction.DROP
    assert gone.where
    assert (gone.where.is_other, gone.where.kind) == (True, Kind.ARCHIVE)
    assert str(gone.where).endswith("of the database of PANDADB_ARCHIVE_URL")
    assert {one.is_other for one in gone.proofs} == {True, False}
    assert explain_job(days, 1).where is None
    assert {one.is_other for one in explain_day(days, OLD, archive=there).places} == {True}


@pytest.mark.slow
def test_a_copy_that_differs_and_days_that_stay_are_told(days: Database, there: Database) -> None:
    archive.run(days, only=[LESS_OLD])
    write(days, 8, days=40)
    make_days(days)
    archive.run(days, archive=there)
    do(there, "UPDATE doma_pandaarch.jobsarchived SET jobstatus = 'failed' WHERE pandaid = 1",
       "DELETE FROM doma_pandaarch.jobsarchived WHERE pandaid = 2")  # fmt: skip
    assert archive.run(days, archive=there, waits=AT_ONCE).refused

    differs, late = (explain_job(days, job, archive=there) for job in (1, 8))

    assert (why(differs), differs.next) == ([Reason.NOT_AS_COPIED], NextAction.COPY)
    assert "2 rows here, 1 there" in str(differs.waits[0])
    assert why(late) == [Reason.LATE]
    do(days, "UPDATE doma_panda.tablepart4copying SET deleted_on = NULL")
    assert Reason.SWAPPED in why(explain_job(days, 8, archive=there))


def test_a_day_that_an_error_or_a_lock_defers_is_told(days: Database, database_url: str) -> None:
    archive.hold(days, [1000])
    name = f"doma_panda.jobsarchived4_p{OLD:%Y_%m_%d}"
    with unreadable(days, name):
        broken = explain_day(days, OLD)
    with Database(database_url, lock_timeout=0.2) as hasty, days.session() as session:
        session.execute(text("LOCK TABLE doma_pandaarch.jobsarchived_default"))
        locked = archive.plan(hasty)

    assert (why(broken), broken.next) == ([Reason.ERROR], None)
    assert "could not open file" in str(broken.waits[0])
    assert [(day.reason, day.failed) for day in locked] == [(Reason.LOCKED, False)] * 2


def test_a_job_in_an_exported_month_is_found_there(database: Database, tmp_path: Path) -> None:
    do(database, "CREATE TABLE doma_pandaarch.jobsarchived_p2026_03_07 PARTITION OF"
       " doma_pandaarch.jobsarchived FOR VALUES FROM ('2026-03-07') TO ('2026-03-08')",
       "INSERT INTO doma_pandaarch.jobsarchived (pandaid, jobstatus, modificationtime, nevents,"
       " cpuconsumptiontime) VALUES (7, 'failed', '2026-03-07', 0, 0)")  # fmt: skip
    archive.export(database, "2026-03", tmp_path)
    archive.drop_exported(database, "2026-03", tmp_path)

    job = explain_job(database, 7, exports=tmp_path)
    day = explain_day(database, datetime(2026, 3, 7).date(), exports=tmp_path)

    assert job.where
    assert str(job.where) == f"the exported month 2026-03 in {tmp_path / '2026-03'}"
    assert (job.jobstatus, job.day) == ("failed", datetime(2026, 3, 7).date())
    assert [(one.how, one.target_rows) for one in job.proofs] == [("copy", 1)]
    assert [one.kind for one in day.places] == [Kind.EXPORT]
