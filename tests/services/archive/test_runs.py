"""Days into the archive of a real database: while others write, after a kill, and back."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text

from pandadb.core.archive.checksums import Fingerprint
from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF
from pandadb.core.sql.validation import InvalidValue
from pandadb.database import Database
from pandadb.services import archive, grants, jobs, partitions, schema
from pandadb.services.archive import (
    CheckResult,
    Limits,
    NoSuchDay,
    NotRestored,
    NotTheOwner,
    Step,
    Verdict,
    run_lock,
    swaps,
)
from pandadb.services.locks import LockPolicy

pytestmark = pytest.mark.slow

TABLES = [*ARCHIVE_OF]
TODAY = datetime.now(UTC).date()
ROWS = (
    "INSERT INTO doma_panda.jobsarchived4 (pandaid, jobstatus, modificationtime, jeditaskid)"
    " VALUES (:pandaid, 'finished', :at, :task)",
    "INSERT INTO doma_panda.filestable4 (row_id, pandaid, modificationtime, type)"
    " VALUES (:pandaid * 2, :pandaid, :at, 'input'), (:pandaid * 2 + 1, :pandaid, :at, 'log')",
    "INSERT INTO doma_panda.jobparamstable (pandaid, modificationtime, jobparameters)"
    " VALUES (:pandaid, :at, '--events 10')",
    "INSERT INTO doma_panda.metatable (pandaid, modificationtime, metadata)"
    " VALUES (:pandaid, :at, '{}')",
)


def ago(days: int) -> datetime:
    """Return noon of a day of the past."""
    return datetime.combine(TODAY - timedelta(days), datetime.min.time()) + timedelta(hours=12)


def write(
    database: Database, *pandaids: int, days: int, task: int = 7, statements: Any = ROWS
) -> None:
    with database.session() as session:
        for pandaid in pandaids:
            for statement in statements:
                words = {"pandaid": pandaid, "at": ago(days), "task": task}
                session.execute(text(statement), words)


def make_days(database: Database) -> None:
    """Make the partitions of what has been written."""
    partitions.maintain(database, tables=TABLES, drain=True)


def ids(database: Database, table: str) -> list[int]:
    with database.session() as session:
        query = f"SELECT pandaid FROM {table} ORDER BY pandaid"
        return [*session.scalars(text(query))]


def scalar(database: Database, query: str) -> Any:
    with database.session() as session:
        return session.scalar(text(query))


def three_days(database: Database) -> None:
    write(database, 1, 2, days=50)
    write(database, 3, days=40)
    write(database, 4, days=20)
    make_days(database)


CONTENTS = {"days": three_days}


@pytest.fixture
def days(database: Database) -> Database:
    """A database with days of 50, 40 and 20 days ago."""
    return database


@pytest.mark.slow
def test_days_that_are_old_enough_go_with_all_that_belongs_to_them(days: Database) -> None:
    ran = archive.run(days)

    assert [moved.day.lower for moved in ran.done] == [
        ago(50) - timedelta(hours=12),
        ago(40) - timedelta(hours=12),
    ]
    assert {v for moved in ran.done for v in moved.verdicts.values()} == {Verdict.SAME}
    assert [moved.findings for moved in ran.done] == [[], []]
    for live, archived in ARCHIVE_OF.items():
        each = 2 if "files" in live else 1
        assert ids(days, live) == [4] * each
        assert ids(days, archived) == sorted([1, 2, 3] * each)
    assert archive.run(days).done == []
    assert schema.check(days) == []


@pytest.mark.slow
def test_a_partition_is_renamed_and_has_the_indexes_and_the_rights_of_its_new_table(
    days: Database,
) -> None:
    archive.run(days)

    query = """
        SELECT count(*) FROM pg_index i JOIN pg_inherits h ON h.inhparent = i.indrelid
          JOIN pg_class p ON p.oid = i.indrelid AND p.relnamespace = 'doma_pandaarch'::regnamespace
         WHERE NOT EXISTS (SELECT 1 FROM pg_inherits c JOIN pg_index o ON inhrelid = o.indexrelid
                            WHERE c.inhparent = i.indexrelid AND o.indrelid = h.inhrelid
                              AND o.indisvalid)
    """.replace("::regnamespace", "\\:\\:regnamespace")
    assert scalar(days, query) == 0
    suffix = f"p{ago(50):%Y_%m_%d}"
    for archived in LIVE_OF:
        assert scalar(days, f"SELECT to_regclass('{archived}_{suffix}') IS NOT NULL")
    checks = "SELECT count(*) FROM pg_constraint WHERE conname = 'archive_bounds'"
    assert scalar(days, checks) == 0


@pytest.mark.slow
def test_a_partition_has_the_rights_of_its_new_table_and_its_owner(
    days: Database, prefix: str
) -> None:
    grants.grant(days, prefix)
    may = "SELECT has_table_privilege('{}_{}', 'doma_pandaarch.jobsarchived_p{:%Y_%m_%d}', '{}')"

    archive.run(days)

    allowed = [
        (role, action)
        for role in ("writer", "reader", "archiver")
        for action in ("SELECT", "UPDATE", "DELETE")
        if scalar(days, may.format(prefix, role, ago(50), action))
    ]
    assert allowed == [
        ("writer", "SELECT"),
        ("writer", "UPDATE"),
        ("reader", "SELECT"),
        ("archiver", "SELECT"),
        ("archiver", "UPDATE"),
        ("archiver", "DELETE"),
    ]
    owners = "SELECT count(DISTINCT relowner) FROM pg_class WHERE relname ~ '^jobsarchived'"
    assert scalar(days, owners) == 1


def test_an_autovacuum_that_is_in_the_way_holds_nobody_up(
    days: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(locks=LockPolicy(tables=(0.05,), autovacuum=0.05))
    vacuums = []

    def vacuum(progress: archive.Progress) -> None:
        if progress.step is Step.SWAP and not vacuums:  # a lock as that of a VACUUM
            vacuums.append(psycopg.connect(_url(days)))
            name = f"doma_panda.metatable_p{ago(50):%Y_%m_%d}"
            vacuums[0].execute(f"LOCK TABLE {name} IN SHARE UPDATE EXCLUSIVE MODE")
            monkeypatch.setattr(swaps, "carry_out", lambda *_: pytest.fail("tables were locked"))

    ran = archive.run(days, tell=vacuum, only=[ago(50).date()], limits=limits)
    vacuums[0].close()

    assert (ran.done, len(ran.contended)) == ([], 1)


def test_tables_that_a_day_leaves_are_locked_first_and_all_in_one_order(days: Database) -> None:
    locks: list[tuple[str, str]] = []

    @event.listens_for(days.engine, "before_cursor_execute")
    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found = re.fullmatch(r'LOCK TABLE ONLY "(\w+)"."(\w+)" IN (.*) MODE', statement)
        if found and f"{found[1]}.{found[2]}" in (*ARCHIVE_OF, *LIVE_OF):
            locks.append((f"{found[1]}.{found[2]}", found[3]))

    archive.run(days, only=[ago(50).date()])
    archive.restore(days, ago(50).date())

    there = [*((table, "ACCESS EXCLUSIVE") for table in ARCHIVE_OF),
             *((table, "SHARE UPDATE EXCLUSIVE") for table in LIVE_OF)]  # fmt: skip
    back = [*((table, "ACCESS EXCLUSIVE") for table in LIVE_OF),
            *((table, "SHARE UPDATE EXCLUSIVE") for table in ARCHIVE_OF)]  # fmt: skip
    assert locks == there + back


@pytest.mark.slow
def test_a_day_is_attached_as_it_is_and_without_being_read(days: Database) -> None:
    node = "SELECT array_agg(pg_relation_filenode(c.oid)) FROM pg_class c WHERE relname = '{}_{}'"
    suffix = f"p{ago(50):%Y_%m_%d}"
    before = scalar(days, node.format("jobsarchived4", suffix))
    said: list[str] = []
    url = days.engine.url.update_query_dict({"options": "-c client_min_messages=debug1"})
    with Database(url) as listening:

        @event.listens_for(listening.engine, "connect")
        def listen(connection: psycopg.Connection, _: object) -> None:
            connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))

        archive.run(listening)

    assert scalar(days, node.format("jobsarchived", suffix)) == before
    unread = [line for line in said if re.match(r"partition constraint for .* is implied", line)]
    assert len(unread) == 8


@pytest.mark.slow
def test_the_ledger_and_the_proofs_say_what_was_done(days: Database) -> None:
    archive.run(days)

    with days.session() as session:
        lines = session.execute(
            text("SELECT table_name, partition_name, copied_to_arch, data_verif_passed,"
                 " copying_done_on IS NOT NULL AND deleted_on IS NOT NULL AND data_verified_on"
                 " IS NOT NULL FROM doma_panda.tablepart4copying ORDER BY 2")
        ).all()  # fmt: skip
        proofs = session.execute(
            text("SELECT source_rows = target_rows AND source_sum = target_sum, how, host IS NULL"
                 " FROM pandadb.archive_proof WHERE target_rows IS NOT NULL")
        ).all()  # fmt: skip
    assert len(lines) == 8
    assert lines[0] == ("FILESTABLE4", f"filestable4_p{ago(50):%Y_%m_%d}", "Y", "YES", True)
    assert {line[2:] for line in lines} == {("Y", "YES", True)}
    assert [tuple(proof) for proof in proofs] == [(True, "swap", False)] * 8


@pytest.mark.slow
def test_it_is_noted_which_jobs_a_day_has_and_noted_anew_when_it_comes_again(
    days: Database,
) -> None:
    query = ("SELECT least_pandaid, greatest_pandaid FROM pandadb.archive_range"
             " WHERE table_name = 'jobsarchived' ORDER BY lower_bound")  # fmt: skip

    def noted() -> list[Any]:
        with days.session() as session:
            return [tuple(row) for row in session.execute(text(query))]

    archive.run(days)
    assert noted() == [(1, 2), (3, 3)]
    archive.restore(days, ago(50).date())
    assert noted() == [(3, 3)]
    write(days, 90, days=50)
    with days.session() as session:  # nobody must rely on what was noted before
        wrong = "INSERT INTO pandadb.archive_range VALUES ('jobsarchived', :at, :end)"
        session.execute(text(wrong), {"at": ago(51), "end": ago(49)})
    archive.run(days, only=[ago(50).date()])

    assert noted() == [(1, 90), (3, 3)]
    job = jobs.get(days, 90)
    assert (job["table"], len(job["files"]), job["metadata"]) == ("jobsarchived", 2, "{}")
    assert [one.pandaid for one in jobs.history(days, 3).attempts] == [3]


def test_a_day_without_metadata_goes_without_it(database: Database) -> None:
    write(database, 1, days=50, statements=ROWS[:3])
    make_days(database)

    (moved,) = archive.run(database).done

    assert len(moved.day.parts) == 3
    assert ids(database, "doma_pandaarch.jobsarchived") == [1]


def test_what_is_odd_is_told_and_goes_along(database: Database) -> None:
    write(database, 1, 2, days=50)
    write(database, 3, 4, days=50, statements=ROWS[:1])
    write(database, 5, days=50, statements=ROWS[1:])
    make_days(database)

    (moved,) = archive.run(database).done

    assert {finding.what: finding.examples for finding in moved.findings} == {
        "jobs without files": (3, 4),
        "jobs without parameters": (3, 4),
        "files without a job": (5,),
        "parameters without a job": (5,),
        "metadata without a job": (5,),
    }
    assert ids(database, "doma_pandaarch.jobsarchived") == [1, 2, 3, 4]
    assert ids(database, "doma_pandaarch.metatable_arch") == [1, 2, 5]


@pytest.mark.slow
def test_a_day_with_jobs_of_a_held_task_stays_until_that_is_released(days: Database) -> None:
    write(days, 5, days=40, task=8)
    archive.hold(days, [8, 9], "is looked into")

    ran = archive.run(days)

    assert len(ran.done) == 1
    (day,) = ran.put_off
    assert (day.lower.date(), day.put_off) == (
        ago(40).date(),
        "it has jobs of tasks that are held: 8",
    )
    assert [(hold.jeditaskid, hold.reason) for hold in archive.holds(days)] == [
        (8, "is looked into"),
        (9, "is looked into"),
    ]
    assert archive.release(days, [8, 10]) == [8]
    assert len(archive.run(days).done) == 1


def test_a_task_that_is_held_while_its_day_is_prepared_is_not_archived(days: Database) -> None:
    def hold(progress: archive.Progress) -> None:
        if progress.step is Step.SWAP:
            archive.hold(days, [7])

    ran = archive.run(days, tell=hold)

    assert (ran.done, len(ran.put_off)) == ([], 2)
    assert ids(days, "doma_panda.jobsarchived4") == [1, 2, 3, 4]


def test_rows_in_the_default_partition_of_the_archive_put_a_day_off(days: Database) -> None:
    with days.session() as session:
        query = (
            "INSERT INTO doma_pandaarch.metatable_arch (pandaid, modificationtime) VALUES (1, :at)"
        )
        session.execute(text(query), {"at": ago(50)})

    ran = archive.run(days)

    assert len(ran.done) == 1
    assert [day.put_off for day in ran.put_off] == [
        "the DEFAULT partition of doma_pandaarch.metatable_arch has rows of that time"
    ]


def test_a_month_of_jobs_goes_with_the_days_of_what_belongs_to_them(database: Database) -> None:
    first = ago(120).replace(day=1, hour=0)
    second = (first + timedelta(40)).replace(day=1)
    with database.session() as session:
        session.execute(
            text(f"CREATE TABLE doma_panda.jobsarchived4_p{first:%Y_%m} PARTITION OF"
                 f" doma_panda.jobsarchived4 FOR VALUES FROM ('{first}') TO ('{second}')")
        )  # fmt: skip
    write(database, 1, days=(TODAY - first.date()).days - 3)
    write(database, 2, days=(TODAY - first.date()).days - 5)
    make_days(database)

    (moved,) = archive.run(database).done

    assert (moved.day.lower, moved.day.upper, len(moved.day.parts)) == (first, second, 7)
    assert ids(database, "doma_pandaarch.jobsarchived") == [1, 2]
    assert ids(database, "doma_pandaarch.jobparamstable_arch") == [1, 2]


def test_an_update_while_a_day_moves_is_no_loss_and_is_proven_as_it_is_then(
    days: Database,
) -> None:
    def update(progress: archive.Progress) -> None:
        if progress.step is Step.SWAP and progress.number == 1:
            with days.session() as session:
                session.execute(
                    text("UPDATE doma_panda.jobsarchived4 SET superrorcode = 1 WHERE pandaid = 1")
                )

    first, second = archive.run(days, tell=update).done

    name = f"jobsarchived4_p{ago(50):%Y_%m_%d}"
    assert first.verdicts.pop(name) is Verdict.CHANGED
    assert {*first.verdicts.values(), *second.verdicts.values()} == {Verdict.SAME}
    assert {one.found for one in archive.verify(days)} == {CheckResult.SAME}


def test_what_changes_all_the_time_is_left_unproven_to_the_next_run(
    days: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = count(10)
    with monkeypatch.context() as changing:
        changing.setattr(swaps, "_count", lambda *_: Fingerprint(next(rows), 0))
        first = archive.run(days, only=[ago(40).date()])
    assert {*first.done[0].verdicts.values()} == {Verdict.RESTLESS}
    assert {one.found for one in archive.verify(days)} == {CheckResult.UNPROVEN}

    second = archive.run(days, only=[ago(40).date()])

    assert [*second.finished.values()] == [Verdict.SAME] * 4
    assert {one.found for one in archive.verify(days)} == {CheckResult.SAME}


def test_a_row_that_is_gone_is_a_loss_and_no_other_day_is_touched(days: Database) -> None:
    def delete(progress: archive.Progress) -> None:
        if progress.step is Step.SWAP:
            with days.session() as session:
                session.execute(text("DELETE FROM doma_panda.filestable4 WHERE row_id = 2"))

    ran = archive.run(days, tell=delete)

    assert ran.lost == [f"filestable4_p{ago(50):%Y_%m_%d}"]
    assert (len(ran.done), len(ran.left)) == (1, 1)
    passed = "SELECT data_verif_passed FROM doma_panda.tablepart4copying WHERE table_name = '{}'"
    assert scalar(days, passed.format("FILESTABLE4")) == "NO "
    assert scalar(days, passed.format("METATABLE")) == "YES"
    assert {one.table: one.found for one in archive.verify(days)}[
        "doma_pandaarch.filestable_arch"
    ] is CheckResult.DIFFERS


@pytest.mark.slow
@pytest.mark.parametrize("step", [step for step in Step if step is not Step.ROWS])
def test_a_run_that_is_killed_is_taken_up_by_the_next(days: Database, step: Step) -> None:
    def die(progress: archive.Progress) -> None:
        if progress.step is step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.run(days, tell=die)
    for table in TABLES:
        each = 2 if "files" in table else 1
        everywhere = ids(days, table) + ids(days, ARCHIVE_OF[table])
        assert sorted(everywhere) == sorted([1, 2, 3, 4] * each)

    ran = archive.run(days)

    assert len(ran.done) + bool(ran.finished) == 2
    assert set(ran.finished.values()) <= {Verdict.SAME}
    assert {one.found for one in archive.verify(days)} == {CheckResult.SAME}
    assert (archive.plan(days), schema.check(days)) == ([], [])


@pytest.mark.slow
def test_a_process_that_is_killed_without_a_word_loses_nothing(database: Database) -> None:
    for number in range(4):
        write(database, 2 * number, 2 * number + 1, days=40 + number)
    make_days(database)
    command = [sys.executable, "-m", "pandadb", "archive", "run", "--json"]
    environment = {**os.environ, "PANDADB_URL": _url(database)}
    for lines, milliseconds in ((2, 10), (5, 5), (6, 2)):  # the first names the database
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        assert process.stderr
        for _ in range(lines):
            process.stderr.readline()
        time.sleep(milliseconds / 1000)
        process.kill()
        process.wait()
        process.stderr.close()

    ran = archive.run(database)
    while ran.busy:  # the server has not yet noticed that nobody is there
        ran = archive.run(database)

    for live, archived in ARCHIVE_OF.items():
        assert ids(database, live) == []
        assert sorted({*ids(database, archived)}) == [*range(8)]
    verified = archive.verify(database)
    assert (len(verified), {one.found for one in verified}) == (16, {CheckResult.SAME})
    assert schema.check(database) == []


@pytest.mark.slow
def test_an_index_whose_build_was_interrupted_is_built_again(days: Database) -> None:
    limits = Limits(locks=LockPolicy(indexes=0.05))
    with psycopg.connect(_url(days)) as reader:  # CONCURRENTLY waits for who has an old snapshot
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM doma_panda.jobsarchived4")
        ran = archive.run(days, limits=limits)
    assert (ran.done, len(ran.contended)) == ([], 2)
    invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
    assert scalar(days, invalid) > 0

    assert len(archive.run(days).done) == 2
    assert scalar(days, invalid) == 0


@pytest.mark.slow
def test_a_reader_that_does_not_end_defers_its_day_to_the_next_run(days: Database) -> None:
    readers = []

    def read(progress: archive.Progress) -> None:
        if progress.step is Step.SWAP and not readers:
            readers.append(psycopg.connect(_url(days)))
            readers[0].execute("SELECT count(*) FROM doma_panda.metatable")

    limits = Limits(locks=LockPolicy(tables=(0.05, 0.05)))
    ran = archive.run(days, tell=read, limits=limits)
    readers[0].close()

    assert (ran.done, len(ran.contended)) == ([], 2)
    assert len(archive.run(days).done) == 2


@pytest.mark.slow
def test_no_reader_finds_a_job_without_its_files_or_in_neither_place(
    database_url: str,
) -> None:
    query = text("""
        WITH jobs AS (SELECT pandaid FROM doma_panda.jobsarchived4
                      UNION ALL SELECT pandaid FROM doma_pandaarch.jobsarchived),
             files AS (SELECT pandaid FROM doma_panda.filestable4
                       UNION ALL SELECT pandaid FROM doma_pandaarch.filestable_arch)
        SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM files),
               (SELECT count(*) FROM doma_panda.jobsarchived4)
             = (SELECT count(*) FROM doma_panda.jobparamstable)
    """)
    seen = set()
    failed: list[Exception] = []
    stop = threading.Event()

    def read() -> None:
        with Database(database_url) as mine:
            while not stop.is_set():
                try:
                    with mine.session() as session:
                        seen.add(tuple(session.execute(query).one()))
                except Exception as error:  # noqa: BLE001 - whatever it is, it must not be
                    failed.append(error)

    with Database(database_url) as database:
        for days in range(40, 46):
            write(database, days * 2, days * 2 + 1, days=days)
        make_days(database)
        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        done = 0
        while done < 6:
            done += len(archive.run(database).done)
        stop.set()
        for reader in readers:
            reader.join()

    assert failed == []
    assert seen == {(12, 24, True)}


def test_two_runs_at_once_take_each_day_once(days: Database, database_url: str) -> None:
    second: list[archive.RunReport] = []

    def come_too(progress: archive.Progress) -> None:
        second.append(archive.run(days))

    first = archive.run(days, tell=come_too, only=[ago(50).date()])
    assert len(first.done) == 1
    assert len(second) == len({*Step} - {Step.ROWS})
    assert all(ran.busy and not (ran.done or ran.left or ran.put_off) for ran in second)
    with days.session() as session:
        session.execute(text(f"SELECT pg_advisory_xact_lock({run_lock.RUN})"))
        with pytest.raises(NotRestored, match="Another run is at work"):
            archive.restore(days, ago(50).date())
        assert archive.compact(days).busy


@pytest.mark.slow
def test_archivers_who_start_together_take_each_day_once(days: Database, database_url: str) -> None:
    start = threading.Barrier(2, timeout=60)

    def work() -> list[datetime]:
        done: list[datetime] = []
        with Database(database_url) as mine:
            start.wait()
            for day in (ago(50), ago(40)):
                ran = archive.run(mine, only=[day.date()])
                while ran.busy:
                    time.sleep(0.05)
                    ran = archive.run(mine, only=[day.date()])
                done += [moved.day.lower for moved in ran.done]
        return done

    with ThreadPoolExecutor(2) as pool:
        went = [lower for done in [pool.submit(work) for _ in range(2)] for lower in done.result()]

    assert sorted(went) == [ago(50) - timedelta(hours=12), ago(40) - timedelta(hours=12)]
    assert scalar(days, "SELECT count(*) FROM pandadb.archive_proof") == 2 * 4 * 2
    assert {one.found for one in archive.verify(days)} == {CheckResult.SAME}


@pytest.mark.slow
def test_what_somebody_has_dropped_before_it_was_counted_stops_no_run(days: Database) -> None:
    def die(progress: archive.Progress) -> None:
        if progress.step is Step.PROVE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.run(days, tell=die)
    gone = f"jobsarchived_p{ago(50):%Y_%m_%d}"
    with days.session() as session:
        session.execute(text(f"DROP TABLE doma_pandaarch.{gone}"))

    ran = archive.run(days)

    assert (len(ran.finished), len(ran.done)) == (3, 1)
    found = {one.partition: one.found for one in archive.verify(days)}
    assert found.pop(gone) is CheckResult.MISSING
    assert {*found.values()} == {CheckResult.SAME}


def test_no_day_is_begun_when_the_time_is_over(days: Database) -> None:
    ran = archive.run(days, max_time=0)

    assert (ran.done, len(ran.left)) == ([], 2)


def test_a_day_can_be_named(days: Database) -> None:
    ran = archive.run(days, only=[ago(40).date(), ago(20).date()])

    assert [moved.day.lower.date() for moved in ran.done] == [ago(40).date()]


@pytest.mark.slow
def test_a_restored_day_is_as_it_was_and_stays_until_it_is_named(days: Database) -> None:
    archive.run(days)

    moved = archive.restore(days, ago(50).date())

    assert set(moved.verdicts.values()) == {Verdict.SAME}
    assert ids(days, "doma_panda.jobsarchived4") == [1, 2, 4]
    assert ids(days, "doma_panda.filestable4") == [1, 1, 2, 2, 4, 4]
    assert ids(days, "doma_pandaarch.jobsarchived") == [3]
    assert partitions.plan(days, tables=TABLES)[-1].do is partitions.Do.ARCHIVE
    (kept,) = archive.plan(days)
    assert "the ledger excludes" in str(kept.put_off)
    assert {one.found for one in archive.verify(days)} == {CheckResult.SAME}
    assert schema.check(days) == []
    assert len(archive.run(days, only=[ago(50).date()]).done) == 1
    assert {one.found for one in archive.verify(days)} == {CheckResult.SAME}


@pytest.mark.slow
def test_what_cannot_be_restored_is_a_sentence(days: Database) -> None:
    archive.run(days)
    write(days, 10, days=50)

    with pytest.raises(NotRestored, match="the DEFAULT partition of doma_panda"):
        archive.restore(days, ago(50).date())
    with pytest.raises(NoSuchDay, match="No partition of the archive has the day"):
        archive.restore(days, ago(20).date())


def test_what_has_changed_in_the_archive_is_found(days: Database) -> None:
    archive.run(days)
    with days.session() as session:
        for statement in (
            "UPDATE doma_pandaarch.jobsarchived SET superrorcode = 1 WHERE pandaid = 3",
            "DELETE FROM doma_pandaarch.metatable_arch WHERE pandaid = 1",
            f"DROP TABLE doma_pandaarch.metatable_arch_p{ago(40):%Y_%m_%d}",
            "CREATE TABLE doma_pandaarch.by_hand PARTITION OF doma_pandaarch.jobsarchived"
            " FOR VALUES FROM ('2020-01-01') TO ('2020-01-02')",
        ):
            session.execute(text(statement))

    found = {one.partition: (one.found, one.is_young) for one in archive.verify(days)}

    old, young = f"p{ago(50):%Y_%m_%d}", f"p{ago(40):%Y_%m_%d}"
    assert {name: what for name, what in found.items() if what[0] is not CheckResult.SAME} == {
        f"jobsarchived_{young}": (CheckResult.UPDATED, True),
        f"metatable_arch_{old}": (CheckResult.DIFFERS, True),
        f"metatable_arch_{young}": (CheckResult.MISSING, False),
        "by_hand": (CheckResult.UNPROVEN, False),
    }
    only = archive.verify(days, only=[ago(50).date()])
    assert {one.lower.date() for one in only} == {ago(50).date()}


@pytest.mark.slow
def test_the_status_says_what_is_due_held_and_archived(days: Database) -> None:
    archive.hold(days, [7])
    before = archive.status(days)
    archive.release(days, [7])
    archive.run(days)
    after = archive.status(days)

    assert (before.due, before.put_off, before.held, before.oldest) == (0, 2, 1, None)
    assert (after.due, after.put_off, after.held) == (0, 0, 0)
    assert {(one.partitions, one.unproven) for one in after.archived} == {(2, 0)}


def test_who_is_no_member_of_the_owner_is_told_so(days: Database, plain_role_url: str) -> None:
    from sqlalchemy import make_url

    url = make_url(plain_role_url).set(database=days.engine.url.database)
    with days.engine.begin() as connection:
        for name in ("pandadb", "doma_panda", "doma_pandaarch"):
            connection.execute(text(f'GRANT USAGE ON SCHEMA {name} TO "{url.username}"'))
    with Database(url) as stranger, pytest.raises(NotTheOwner, match="db grant --member"):
        archive.run(stranger)
    with days.engine.begin() as connection:
        connection.execute(text(f'DROP OWNED BY "{url.username}"'))


def _url(database: Database) -> str:
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.mark.parametrize("days", [float("nan"), float("inf"), -1, 1e9])
def test_a_wait_that_is_no_number_of_days_is_refused(days: float) -> None:
    with pytest.raises(InvalidValue, match="have to wait from 0 to 36500 days"):
        archive.GracePeriods.of_days(2, days)


@pytest.mark.parametrize("task", [2**63, "7", None])
def test_what_is_no_task_is_not_held(worker_database: Database, task: Any) -> None:
    with pytest.raises(InvalidValue, match="jeditaskid"):
        archive.hold(worker_database, [task])
