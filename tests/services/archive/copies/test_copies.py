"""Days to another database: copied, proven, waited for, dropped; what must not be is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, make_url, text

from pandadb.core.archive.deferrals import Reason
from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.database import Database, DatabaseUnreachable
from pandadb.services import archive, grants, partitions, schema
from pandadb.services.archive import (
    CheckResult,
    CopyStep,
    GracePeriods,
    InvalidArchive,
    NextStep,
    NoSuchDay,
    NotRestored,
    NotTheArchiver,
    NotTheOwner,
    Verdict,
    run_lock,
)
from tests.databases import temporary_database

if TYPE_CHECKING:
    import psycopg

    from pandadb.services.archive import Progress, RunReport
    from tests.databases import Server

TODAY = datetime.now(UTC).date()
OLD, LESS_OLD = TODAY - timedelta(50), TODAY - timedelta(40)
NEVER, AT_ONCE = GracePeriods.of_days(1, 1), GracePeriods.of_days(0, 0)
JOBS, FILES, PARAMETERS, METADATA = (
    """
INSERT INTO doma_panda.jobsarchived4 (pandaid, jobstatus, modificationtime, jeditaskid, jobname)
SELECT n, 'finished', :at, 7, 'job' || n FROM unnest(CAST(:ids AS bigint[])) AS n
""",
    """
INSERT INTO doma_panda.filestable4 (row_id, pandaid, modificationtime, type, lfn)
SELECT n * 2 + f, n, :at, 'input', E'a\\tb' || n
  FROM unnest(CAST(:ids AS bigint[])) AS n, generate_series(0, 1) AS f
""",
    """
INSERT INTO doma_panda.jobparamstable (pandaid, modificationtime, jobparameters)
SELECT n, :at, '--events 10' FROM unnest(CAST(:ids AS bigint[])) AS n
""",
    """
INSERT INTO doma_panda.metatable (pandaid, modificationtime, metadata)
SELECT n, :at, '{}' FROM unnest(CAST(:ids AS bigint[])) AS n
""",
)
ALL = (JOBS, FILES, PARAMETERS, METADATA)
"""Jobs with two files each, parameters and metadata."""


def write(database: Database, day: Any, *pandaids: int, rows: tuple[str, ...] = ALL) -> None:
    with database.session() as session:
        for statement in rows:
            session.execute(text(statement), {"ids": [*pandaids], "at": f"{day} 12:00"})


def make_days(database: Database) -> None:
    """Make the partitions of what has been written."""
    partitions.maintain(database, tables=[*ARCHIVE_OF], drain=True)


def do(database: Database, *statements: str) -> None:
    with database.session() as session:
        for statement in statements:
            session.execute(text(statement))


def scalar(database: Database, query: str) -> Any:
    with database.session() as session:
        return session.scalar(text(query))


def ids(database: Database, table: str) -> list[int]:
    query = f"SELECT array_agg(pandaid ORDER BY pandaid) FROM {table}"
    return scalar(database, query) or []


def name(table: str, day: Any = OLD) -> str:
    return f"{table}_p{day:%Y_%m_%d}"


def run(
    database: Database, there: Database, waits: GracePeriods = AT_ONCE, **words: Any
) -> RunReport:
    return archive.run(database, archive=there, waits=waits, **words)


def everything(*databases: Database) -> list[set[int]]:
    """Return the jobs that each table has, wherever."""
    return [
        {pandaid for one in databases for table in pair for pandaid in ids(one, table)}
        for pair in ARCHIVE_OF.items()
    ]


def three_days(database: Database) -> None:
    write(database, OLD, 1, 2)
    write(database, LESS_OLD, 3)
    write(database, TODAY - timedelta(20), 4)
    make_days(database)


CONTENTS = {"days": three_days}


@pytest.fixture
def days(database: Database) -> Database:
    """A database with days of 50, 40 and 20 days ago."""
    return database


@pytest.mark.slow
def test_days_are_copied_proven_and_dropped_when_they_have_waited(
    days: Database, there: Database
) -> None:
    before = {table: ids(days, table) for table in ARCHIVE_OF}

    first = run(days, there, GracePeriods())

    assert [moved.day.lower.date() for moved in first.done] == [OLD, LESS_OLD]
    assert {v for moved in first.done for v in moved.verdicts.values()} == {Verdict.SAME}
    assert [moved.findings for moved in first.done] == [[], []]
    assert {table: ids(days, table) for table in ARCHIVE_OF} == before
    for live, archived in ARCHIVE_OF.items():
        assert ids(there, archived) == [pandaid for pandaid in before[live] if pandaid != 4]
    assert [one.due for one in run(days, there, GracePeriods()).waiting] == [NextStep.WAIT] * 2
    assert {one.found for one in archive.verify(days, archive=there)} == {CheckResult.SAME}
    assert {one.found for one in archive.verify(there)} == {CheckResult.SAME}

    jobs = run(days, there, GracePeriods.of_days(0, 30))

    assert len(jobs.dropped) == 6
    assert ids(days, "doma_panda.jobsarchived4") == ids(days, "doma_panda.metatable") == [4]
    assert ids(days, "doma_panda.filestable4") == before["doma_panda.filestable4"]
    files = run(days, there)
    assert files.dropped == {name("filestable4"): 4, name("filestable4", LESS_OLD): 2}
    last = run(days, there)
    assert (last.done, last.dropped, last.put_off, last.waiting) == ([], {}, [], [])
    assert everything(days) == [{4}] * 4
    ledger = (
        "SELECT count(*) FROM doma_panda.tablepart4copying WHERE copied_to_arch = 'Y'"
        " AND data_verif_passed = 'YES' AND copying_done_on < deleted_on"
    )
    assert scalar(days, ledger) == 8
    assert scalar(days, "SELECT count(*) FROM pandadb.archive_proof WHERE how = 'copy'") == 8
    assert {one.found for one in archive.verify(days, archive=there)} == {CheckResult.SAME}
    assert schema.check(days) == schema.check(there) == []


def test_a_day_becomes_visible_as_a_whole_and_without_being_read(
    days: Database, there: Database
) -> None:
    seen, said = [], []
    url = there.engine.url.update_query_dict({"options": "-c client_min_messages=debug1"})

    def look(progress: Progress) -> None:
        seen.append((progress.step, everything(there)))

    with Database(url) as listening:

        @event.listens_for(listening.engine, "connect")
        def listen(connection: psycopg.Connection, _: object) -> None:
            connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))

        archive.run(days, archive=listening, only=[OLD], tell=look)

    assert seen == [
        *((step, [set()] * 4) for step in (CopyStep.COPY, CopyStep.BUILD, CopyStep.ATTACH)),
        (CopyStep.PROVE, [{1, 2}] * 4),
    ]
    implied = [line for line in said if "partition constraint for" in line and "is implied" in line]
    assert len(implied) == 4
    checks = "SELECT count(*) FROM pg_constraint WHERE conname = 'archive_bounds'"
    assert scalar(there, checks) == 0


@pytest.mark.slow
def test_an_archive_of_another_encoding_is_refused_before_anything_is_done(
    days: Database, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with temporary_database(server, encoding="LATIN1") as url, Database(url) as there:
        monkeypatch.setattr(schema, "ENCODING", "LATIN1")
        schema.upgrade(there)
        with pytest.raises(InvalidArchive, match=r"of the archive is LATIN1, that .* UTF8"):
            run(days, there)
        assert everything(there) == [set()] * 4


@pytest.mark.slow
def test_what_changes_between_copy_and_drop_is_copied_again_and_waits_again(
    days: Database, there: Database
) -> None:
    run(days, there, NEVER, only=[OLD])
    write(days, OLD, 5, rows=(PARAMETERS,))
    do(days, "UPDATE doma_panda.jobsarchived4 SET jobsubstatus = 'late' WHERE pandaid = 2")

    first = run(days, there, only=[OLD])

    assert (first.recopied, first.dropped) == ([name("jobsarchived4")], {})
    assert scalar(there, "SELECT jobsubstatus FROM doma_pandaarch.jobsarchived WHERE pandaid = 2")
    assert run(days, there, NEVER, only=[OLD]).waiting
    second = run(days, there, only=[OLD])
    assert second.recopied == [name("jobparamstable")]
    assert {*second.dropped} == {name("jobsarchived4"), name("filestable4")}
    third = run(days, there, only=[OLD])
    assert {*third.dropped} == {name("jobparamstable"), name("metatable")}
    assert ids(there, "doma_pandaarch.jobparamstable_arch") == [1, 2, 5]
    assert {one.found for one in archive.verify(days, archive=there)} == {CheckResult.SAME}
    assert schema.check(there) == []


@pytest.mark.slow
def test_who_updates_both_places_alike_only_has_the_day_wait_again(
    days: Database, there: Database
) -> None:
    run(days, there, NEVER, only=[OLD])
    for database, table in ((days, "doma_panda.jobsarchived4"),
                            (there, "doma_pandaarch.jobsarchived")):  # fmt: skip
        do(database, f"UPDATE {table} SET superrorcode = 1 WHERE pandaid = 1")

    ran = run(days, there, only=[OLD])

    assert (ran.dropped, ran.recopied, ran.refused) == ({}, [], {})
    assert len(run(days, there, only=[OLD]).dropped) == 4


def die_at(step: CopyStep, database: Database, there: Database) -> None:
    def die(progress: Progress) -> None:
        if progress.step is step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(database, there, only=[OLD], tell=die)


@pytest.mark.slow
def test_a_run_that_is_killed_at_whatever_step_is_taken_up_by_the_next(
    days: Database, there: Database
) -> None:
    file = f"SELECT pg_relation_filenode('doma_pandaarch.{name('jobsarchived')}')"
    for step in (CopyStep.COPY, CopyStep.BUILD, CopyStep.ATTACH):
        die_at(step, days, there)
        assert everything(there) == [set()] * 4
    assert scalar(there, "SELECT count(*) FROM pg_class WHERE relname LIKE '%_fresh'") == 0
    die_at(CopyStep.PROVE, days, there)
    assert everything(there) == [{1, 2}] * 4
    copied = scalar(there, file)
    assert scalar(days, "SELECT count(*) FROM pandadb.archive_proof") == 0

    assert len(run(days, there).done) == 2
    for step in (CopyStep.RECOUNT, CopyStep.DROP):
        die_at(step, days, there)
        assert everything(days) == [{1, 2, 3, 4}] * 4

    assert len(run(days, there).dropped) == 8
    assert scalar(there, file) == copied  # it was there, so there was no second copy
    assert (everything(days), everything(there)) == ([{4}] * 4, [{1, 2, 3}] * 4)
    assert {one.found for one in archive.verify(days, archive=there)} == {CheckResult.SAME}


def test_what_changes_before_a_killed_run_is_taken_up_is_copied_again(
    days: Database, there: Database
) -> None:
    die_at(CopyStep.PROVE, days, there)
    do(days, "UPDATE doma_panda.metatable SET metadata = 'late' WHERE pandaid = 2")

    (moved,) = run(days, there, only=[OLD]).done

    assert moved.verdicts.pop(name("metatable")) is Verdict.CHANGED
    assert {*moved.verdicts.values()} == {Verdict.SAME}
    query = "SELECT metadata FROM doma_pandaarch.metatable_arch WHERE pandaid = 2"
    assert scalar(there, query) == "late"


@pytest.mark.slow
def test_a_copy_that_has_gone_from_the_archive_is_made_again(
    days: Database, there: Database
) -> None:
    run(days, there, NEVER)
    do(there, f"DROP TABLE doma_pandaarch.{name('filestable_arch')}")
    assert [one.partition for one in archive.verify(days, archive=there)
            if one.found is CheckResult.MISSING] == [name("filestable_arch")]  # fmt: skip

    assert {*run(days, there).dropped} == {
        name(table.partition(".")[2], LESS_OLD) for table in ARCHIVE_OF
    }
    assert len(run(days, there).dropped) == 4
    assert everything(there) == [{1, 2, 3}] * 4


@pytest.mark.slow
def test_a_row_that_is_gone_here_is_not_taken_from_the_archive(
    days: Database, there: Database
) -> None:
    run(days, there, NEVER, only=[OLD])
    do(days, "DELETE FROM doma_panda.jobparamstable WHERE pandaid = 2")

    for _ in range(2):
        refused = run(days, there, only=[OLD]).refused
        assert "lacks 1 rows that were copied" in refused[name("jobparamstable")]
    assert ids(there, "doma_pandaarch.jobparamstable_arch") == [1, 2]
    write(days, OLD, 2, rows=(PARAMETERS,))
    run(days, there, only=[OLD])
    assert name("jobparamstable") in run(days, there, only=[OLD]).dropped


@pytest.mark.slow
def test_what_comes_after_its_day_has_gone_stays_and_takes_nothing_with_it(
    days: Database, there: Database
) -> None:
    run(days, there, NEVER)
    run(days, there, GracePeriods.of_days(0, 30))
    write(days, OLD, 10, 11, 12, rows=(JOBS,))
    make_days(days)

    ran = run(days, there)

    assert [day.put_off for day in ran.put_off] == [
        f"{name('jobsarchived4')} came after its day had gone to the archive, and stays"
    ]
    assert {*ran.dropped} == {name("filestable4"), name("filestable4", LESS_OLD)}
    assert ids(days, "doma_panda.jobsarchived4") == [4, 10, 11, 12]
    assert ids(there, "doma_pandaarch.jobsarchived") == [1, 2, 3]
    do(days, "UPDATE doma_panda.tablepart4copying SET deleted_on = NULL")  # the books are lost
    assert "lacks 2 rows" in str(run(days, there).refused)
    assert ids(there, "doma_pandaarch.jobsarchived") == [1, 2, 3]


@pytest.mark.slow
def test_a_day_with_jobs_of_a_held_task_is_neither_copied_nor_dropped(
    days: Database, there: Database
) -> None:
    def hold(progress: Progress) -> None:
        if progress.step is CopyStep.DROP:
            archive.hold(days, [7])

    archive.hold(days, [7])
    assert len(run(days, there).put_off) == 2
    archive.release(days, [7])
    run(days, there, NEVER)

    late = run(days, there, GracePeriods.of_days(0, 30), tell=hold)

    assert (late.dropped, len(late.put_off)) == ({}, 2)
    archive.release(days, [7])
    run(days, there, GracePeriods.of_days(0, 30))
    archive.hold(days, [7])
    assert [day.put_off for day in run(days, there).put_off] == [
        "it has jobs of tasks that are held: 7"
    ] * 2


@pytest.mark.slow
def test_days_that_were_swapped_or_must_not_go_are_not_touched(
    days: Database, there: Database
) -> None:
    archive.run(days)
    archive.restore(days, OLD)
    write(days, LESS_OLD, 13, rows=(JOBS,))
    make_days(days)

    ran = run(days, there)

    kept, late = sorted(str(day.put_off) for day in ran.put_off)
    assert (ran.done, "came after its day had gone" in kept) == ([], True)
    assert "from archiving: name the day to archive it" in late
    assert len(run(days, there, only=[OLD]).done) == 1


def test_other_rows_of_that_time_in_the_archive_put_a_day_off(
    days: Database, there: Database
) -> None:
    write(there, OLD, 20, rows=(JOBS.replace("doma_panda.jobsarchived4",
                                             "doma_pandaarch.jobsarchived"),))  # fmt: skip
    do(there, f"CREATE TABLE doma_pandaarch.{name('metatable_arch', LESS_OLD)} (a int)")

    ran = run(days, there)

    assert [day.put_off for day in ran.put_off] == [
        "doma_pandaarch.jobsarchived of the archive has other rows of that time, in its DEFAULT"
        " partition",
        f"the archive has a table {name('metatable_arch', LESS_OLD)} that is no partition",
    ]
    assert [day.reason for day in ran.put_off] == [Reason.OTHER_ROWS, Reason.NAME_TAKEN]
    assert everything(there) == [{20}, set(), set(), set()]


def test_what_is_odd_is_told_and_goes_along(database: Database, there: Database) -> None:
    write(database, OLD, 3, rows=(JOBS,))
    write(database, OLD, 5, rows=(FILES, METADATA))
    make_days(database)

    (moved,) = run(database, there).done

    assert {finding.what: finding.examples for finding in moved.findings} == {
        "jobs without files": (3,),
        "jobs without parameters": (3,),
        "files without a job": (5,),
        "metadata without a job": (5,),
    }
    assert everything(there) == [{3}, {5}, set(), {5}]


@pytest.mark.slow
def test_columns_of_other_types_go_as_text(days: Database, there: Database) -> None:
    do(there, "DROP VIEW pandadb.files")
    do(there, "ALTER TABLE doma_pandaarch.filestable_arch ALTER lfn TYPE text")

    run(days, there)

    assert len(run(days, there).dropped) == 8
    query = "SELECT lfn FROM doma_pandaarch.filestable_arch WHERE row_id = 6"
    assert scalar(there, query) == "a\tb3"


@pytest.mark.slow
def test_a_copy_can_be_in_a_wider_partition_of_the_archive_by_then(
    days: Database, there: Database
) -> None:
    run(days, there, NEVER)
    done = archive.compact(there, f"{TODAY:%Y-%m}").done
    assert {one.found for one in archive.verify(days, archive=there)} == {CheckResult.SAME}, done

    assert len(run(days, there).dropped) == 8


@pytest.mark.slow
def test_one_at_a_time_here_and_there(days: Database, there: Database) -> None:
    for database in (days, there):
        with database.session() as session:
            session.execute(text(f"SELECT pg_advisory_xact_lock({run_lock.RUN})"))
            assert run(days, there).busy
    assert len(run(days, there, max_time=0).left) == 2
    assert len(run(days, there).done) == 2


@pytest.mark.slow
def test_a_reader_who_does_not_end_puts_the_rest_of_a_drop_off_to_the_next_run(
    days: Database, there: Database
) -> None:
    run(days, there, NEVER, only=[OLD])
    with days.session() as reader:
        reader.execute(text("SELECT count(*) FROM doma_panda.jobparamstable"))
        ran = run(days, there, only=[OLD])

    assert [*ran.dropped] == [name("jobsarchived4"), name("filestable4")]
    assert len(ran.contended) == 1
    assert [*run(days, there, only=[OLD]).dropped] == [name("jobparamstable"), name("metatable")]


@pytest.mark.slow
def test_an_archive_that_days_cannot_go_to_is_a_sentence(
    days: Database, there: Database, empty_database_url: str
) -> None:
    with pytest.raises(InvalidArchive, match="PANDADB_ARCHIVE_URL is the database of PANDADB_URL"):
        run(days, days)
    with Database(empty_database_url) as empty:
        for ask in (run, lambda _, empty: archive.status(days, archive=empty),
                    lambda _, empty: archive.verify(days, archive=empty)):  # fmt: skip
            with pytest.raises(InvalidArchive, match="no schema yet"):
                ask(days, empty)
    do(there, "ALTER TABLE doma_pandaarch.metatable_arch DROP COLUMN metadata CASCADE")
    with pytest.raises(InvalidArchive, match="metatable_arch lacks the column metadata, which"):
        run(days, there)
    do(there, "UPDATE pandadb.alembic_version SET version_num = '0022'")
    with pytest.raises(InvalidArchive, match="The archive is at revision 0022, the database at "):
        run(days, there)
    nowhere = make_url("postgresql:///x?host=/nowhere")
    with (
        Database(nowhere, setting="PANDADB_ARCHIVE_URL") as lost,
        pytest.raises(DatabaseUnreachable, match="Is PANDADB_ARCHIVE_URL right"),
    ):
        run(days, lost)


@pytest.mark.slow
def test_a_restored_day_is_as_it_was_and_stays_until_it_is_named(
    days: Database, there: Database
) -> None:
    run(days, there, NEVER)
    with pytest.raises(NotRestored, match="it is still in the live tables"):
        archive.restore(days, OLD, archive=there)
    run(days, there, GracePeriods.of_days(0, 30))  # the files are still here

    moved = archive.restore(days, OLD, archive=there)

    assert [*moved.rows] == [name("jobsarchived4"), name("jobparamstable"), name("metatable")]
    assert everything(days) == [{1, 2, 4}, {1, 2, 3, 4}, {1, 2, 4}, {1, 2, 4}]
    put_off = [str(day.put_off) for day in run(days, there).put_off]
    assert ["the ledger excludes" in why for why in put_off] == [True]
    assert schema.check(days) == []
    with pytest.raises(NotRestored, match="it is still in the live tables"):
        archive.restore(days, OLD, archive=there)
    with pytest.raises(NoSuchDay):
        archive.restore(days, TODAY, archive=there)
    assert {one.found for one in archive.verify(days, archive=there)} == {CheckResult.SAME}

    do(days, "UPDATE doma_panda.jobsarchived4 SET jobsubstatus = 'late' WHERE pandaid = 2")
    (again,) = run(days, there, only=[OLD]).done
    assert again.verdicts[name("jobsarchived4")] is Verdict.CHANGED
    assert len(run(days, there).dropped) == 4
    assert everything(days) == [{4}] * 4
    assert everything(there) == [{1, 2, 3}] * 4


@pytest.mark.slow
def test_the_archiver_needs_no_more_than_its_role(
    prefix: str, plain_role_url: str, days: Database, there: Database
) -> None:
    login = make_url(plain_role_url)
    user = str(login.username)
    with (
        Database(login.set(database=days.engine.url.database)) as archiver,
        Database(login.set(database=there.engine.url.database)) as stranger,
    ):
        grants.grant(days, prefix, {user: "writer"})
        with pytest.raises(NotTheArchiver, match=r"db grant --member .*=archiver"):
            run(archiver, there)
        grants.grant(days, prefix, {user: "archiver"})
        do(days, f'REVOKE "{prefix}_writer" FROM "{user}"')
        grants.grant(there, prefix)
        with pytest.raises(NotTheOwner, match=r"In the archive: Only .* can move partitions"):
            run(archiver, stranger)

        run(archiver, there)
        do(days, "UPDATE doma_panda.jobsarchived4 SET jobsubstatus = 'late' WHERE pandaid = 3")
        second = run(archiver, there)
        third = run(archiver, there)

    assert (second.recopied, len(second.dropped)) == ([name("jobsarchived4", LESS_OLD)], 4)
    assert len(third.dropped) == 4
    may = f"SELECT has_table_privilege('{prefix}_{{}}', 'doma_pandaarch.{{}}', '{{}}')"
    assert [
        (role, action)
        for role in ("writer", "reader")
        for action in ("SELECT", "UPDATE")
        if scalar(there, may.format(role, name("jobsarchived"), action))
    ] == [("writer", "SELECT"), ("writer", "UPDATE"), ("reader", "SELECT")]
    owners = "SELECT count(DISTINCT relowner) FROM pg_class WHERE relname ~ '^jobsarchived'"
    assert scalar(there, owners) == 1
