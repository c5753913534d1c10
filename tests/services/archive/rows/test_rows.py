"""Jobs by rows: back from the archive, and there again, each once and with all that is theirs."""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from pandadb.core.archive import backpressure
from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.core.archive.lookup import scan
from pandadb.core.archive.transfer import rows
from pandadb.core.sql.batch_size import Batch
from pandadb.core.sql.time_range import TimeRange
from pandadb.core.sql.validation import InvalidValue
from pandadb.database import Database
from pandadb.services import archive, partitions, schema
from pandadb.services.archive import CheckResult, Limits, RestoreResult, plans, run_lock
from pandadb.services.archive.rows import row_batches
from tests.services.archive.test_runs import ago, ids, make_days, scalar, write

JOBS, FILES, PARAMS, META = ARCHIVE_OF
DAY = ago(50).date()


def do(database: Database, *statements: str) -> None:
    with database.session() as session:
        for statement in statements:
            session.execute(text(statement))


def found(database: Database) -> set[CheckResult]:
    return {one.found for one in archive.verify(database)}


def everything(database: Database) -> list[str]:
    """Return all rows of live tables and the archive, by the names of their columns."""
    with database.session() as session:
        return sorted(
            row
            for live, archived in ARCHIVE_OF.items()
            for table in (live, archived)
            for row in session.scalars(
                text(f"SELECT '{live} ' || CAST(to_jsonb(t) AS text) FROM {table} AS t")
            )
        )


def two_archived_days(database: Database) -> None:
    write(database, 1, 2, 3, days=50)
    write(database, 4, days=40, task=8)
    write(database, 5, days=20)
    make_days(database)
    assert len(archive.run(database).done) == 2


CONTENTS = {"archived": two_archived_days}


@pytest.fixture
def archived(database: Database) -> Database:
    """An archive with days of 50 and 40 days ago; a live job of 20 days ago."""
    return database


@pytest.mark.slow
def test_a_job_comes_back_with_all_that_belongs_to_it_and_its_time(archived: Database) -> None:
    before = everything(archived)
    with archived.session() as session:
        session.execute(text(f"SELECT pg_advisory_xact_lock({run_lock.RUN})"))
        with pytest.raises(archive.NotRestored, match="Another run is at work"):
            archive.restore_jobs(archived, pandaids=[2, 5])

    restored = archive.restore_jobs(archived, pandaids=[2, 5])

    assert (restored.gone.jobs, restored.live) == ([2], {5: "jobsarchived4"})
    assert restored.gone.rows == {JOBS: 1, FILES: 2, PARAMS: 1, META: 1}
    assert (restored.gone.strayed, restored.gone.unproven) == ({}, [])
    assert ids(archived, JOBS) == [2, 5]
    assert ids(archived, ARCHIVE_OF[FILES]) == [1, 1, 3, 3, 4, 4]
    assert everything(archived) == before
    assert scalar(archived, f"SELECT count(*) FROM doma_panda.jobsarchived4_p{DAY:%Y_%m_%d}") == 1
    assert found(archived) == {CheckResult.SAME}
    assert schema.check(archived) == []

    again = archive.restore_jobs(archived, pandaids=[2, 5])
    assert (again.gone.jobs, again.live) == ([], {2: "jobsarchived4", 5: "jobsarchived4"})


@pytest.mark.slow
def test_a_task_comes_back_and_what_is_unknown_is_told(
    archived: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "PARTITIONS_PER_SCAN", 1)
    restored = archive.restore_jobs(archived, tasks=[7, 99], pandaids=[4, 77])

    assert sorted(restored.gone.jobs) == [1, 2, 3, 4]
    assert (restored.live, restored.unknown) == ({5: "jobsarchived4"}, [77])
    assert restored.unknown_tasks == [99]
    assert ids(archived, "doma_pandaarch.jobsarchived") == []
    assert found(archived) == {CheckResult.SAME}
    with pytest.raises(InvalidValue, match="pandaid"):
        archive.restore_jobs(archived, pandaids=[2**70])


@pytest.mark.slow
def test_a_job_that_is_in_both_places_or_twice_in_one_is_refused(archived: Database) -> None:
    arch = "doma_pandaarch.jobsarchived"
    columns = "pandaid, jobstatus, jeditaskid, nevents, cpuconsumptiontime"
    do(
        archived,
        f"INSERT INTO {JOBS} (modificationtime, {columns}) SELECT modificationtime + interval"
        f" '15 days', {columns} FROM {arch} WHERE pandaid = 1",
        f"INSERT INTO {arch} (modificationtime, {columns}) SELECT modificationtime + interval"
        f" '10 days', {columns} FROM {arch} WHERE pandaid = 2",
        f"INSERT INTO {META} SELECT * FROM {ARCHIVE_OF[META]} WHERE pandaid = 3",
    )
    before = everything(archived)

    seen = archive.restorable(archived, pandaids=[1, 2, 3, 4])
    restored = archive.restore_jobs(archived, pandaids=[1, 2, 3, 4])

    assert seen.gone.jobs == [3, 4]
    assert restored.gone.jobs == [4]
    end = ": nothing of it was touched"
    assert restored.gone.refused == {
        1: f"Job 1 is in jobsarchived and has rows in jobsarchived4, too{end}",
        2: f"Job 2 is twice in jobsarchived{end}",
        3: f"Job 3 is in jobsarchived and has rows in metatable, too{end}",
    }
    assert everything(archived) == before


@pytest.mark.slow
def test_columns_that_a_site_has_added_go_along_or_are_named(archived: Database) -> None:
    added = 'ADD "sites 100% own" text'
    do(archived, f"ALTER TABLE doma_pandaarch.jobsarchived {added} DEFAULT 'kept'")
    (failure,) = archive.restore_jobs(archived, pandaids=[1]).failed
    assert "has the column sites 100% own: add it there" in failure.why
    assert ids(archived, JOBS) == [5]

    write(archived, 10, days=50)
    make_days(archived)
    assert "has the column sites 100% own" in archive.run(archived).failed[0].why

    do(archived, f"ALTER TABLE {JOBS} {added}")
    archive.restore_jobs(archived, pandaids=[1])

    with archived.session() as session:
        query = f'SELECT "sites 100% own" FROM {JOBS} WHERE pandaid = 1'
        assert session.connection().exec_driver_sql(query.replace("%", "%%")).scalar() == "kept"


@pytest.mark.slow
def test_restored_jobs_stay_for_a_while_and_go_back_when_their_day_is_named(
    archived: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(archived)
    archive.restore_jobs(archived, pandaids=[1])

    (kept,) = archive.run(archived).put_off
    assert "jobs of it were restored on" in str(kept.put_off)
    assert ids(archived, JOBS) == [1, 5]

    (merged,) = archive.run(archived, only=[DAY]).merged
    assert (merged.gone.jobs, len(merged.dropped)) == ([1], 4)
    assert everything(archived) == before
    assert found(archived) == {CheckResult.SAME}
    assert archive.plan(archived) == []

    archive.restore_jobs(archived, pandaids=[1])
    monkeypatch.setattr(plans, "RESTORED_STAY", timedelta(0))
    assert len(archive.run(archived).merged) == 1
    assert everything(archived) == before


@pytest.mark.slow
def test_jobs_from_where_nothing_is_proven_stay_until_their_day_is_named(
    archived: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(archived, f"DELETE FROM pandadb.archive_proof WHERE partition_name LIKE '%_p{DAY:%Y_%m_%d}'")
    columns = "(pandaid, nevents, cpuconsumptiontime, modificationtime)"
    do(archived, f"INSERT INTO {ARCHIVE_OF[JOBS]} {columns} VALUES (60, 0, 0, '{ago(60)}')")
    assert scalar(archived, "SELECT count(*) FROM doma_pandaarch.jobsarchived_default") == 1

    restored = archive.restore_jobs(archived, pandaids=[1, 4, 60])

    assert restored.gone.jobs == [60, 1, 4]
    assert len(restored.gone.unproven) == 4
    never = "SELECT count(*) FROM doma_panda.tablepart4copying WHERE copied_to_arch = 'MUST NOT'"
    assert scalar(archived, never) == 5  # the day of job 4 has proofs
    monkeypatch.setattr(plans, "RESTORED_STAY", timedelta(0))
    ran = archive.run(archived)
    assert ["the ledger excludes" in str(day.put_off) for day in ran.put_off] == [True, True]
    assert ids(archived, JOBS) == [1, 5, 60]
    archive.run(archived, only=[DAY, ago(60).date()])
    assert ids(archived, JOBS) == [5]
    assert scalar(archived, never) == 0


def stop(database: Database, table: str, pandaid: int) -> None:
    """Have a row of a job not arrive in a table."""
    do(
        database,
        "CREATE FUNCTION pandadb.stop() RETURNS trigger LANGUAGE plpgsql"
        f" AS 'BEGIN IF NEW.pandaid = {pandaid} THEN RETURN NULL; END IF; RETURN NEW; END'",
        f"CREATE TRIGGER stop BEFORE INSERT ON {table} FOR EACH ROW"
        " EXECUTE FUNCTION pandadb.stop()",
    )


@pytest.mark.slow
def test_a_row_that_the_live_table_does_not_take_is_named(archived: Database) -> None:
    with archived.session() as session:
        of_4 = f"SELECT tableoid::regclass FROM {ARCHIVE_OF[JOBS]} WHERE pandaid = 4"
        for table in (ARCHIVE_OF[JOBS], session.scalar(text(of_4))):
            session.execute(text(f"ALTER TABLE {table} ALTER nevents DROP NOT NULL"))
        lacking = f"UPDATE {ARCHIVE_OF[JOBS]} SET nevents = NULL WHERE pandaid = 4"
        session.execute(text(lacking))

    (failure,) = archive.restore_jobs(archived, pandaids=[4]).failed

    assert re.search(r'does not take: .*column "nevents"', failure.why)
    assert ids(archived, JOBS) == [5]


@pytest.mark.slow
def test_what_came_back_before_something_ended_it_is_told(archived: Database) -> None:
    stop(archived, JOBS, 4)

    restored = archive.restore_jobs(archived, pandaids=[1, 4])

    assert (restored.gone.jobs, restored.left) == ([1], 1)
    assert "is not what has left" in restored.failed[0].why
    assert ids(archived, JOBS) == [1, 5]


@pytest.mark.slow
def test_a_day_of_jobs_that_fails_holds_up_no_other(archived: Database) -> None:
    stop(archived, JOBS, 1)

    restored = archive.restore_jobs(archived, pandaids=[1, 4])

    assert (restored.gone.jobs, restored.left) == ([4], 1)
    assert [one.unit for one in restored.failed] == [f"jobs of {DAY}"]


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["hold", "stop"])
def test_what_has_gone_of_a_day_before_something_ended_it_is_told(
    archived: Database, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    monkeypatch.setattr(row_batches, "Batch", partial(Batch, 1))
    write(archived, 10, days=50)
    write(archived, 11, days=50, task=9)
    make_days(archived)
    if ends == "stop":
        stop(archived, ARCHIVE_OF[JOBS], 11)

    def hold(progress: archive.Progress) -> None:
        if ends == "hold" and progress.done:
            archive.hold(archived, [9])

    ran = archive.run(archived, tell=hold)

    (merged,) = ran.merged
    assert (merged.gone.jobs, merged.dropped) == ([10], [])
    if ends == "hold":
        assert merged.put_off == ran.put_off[0].put_off
        assert merged.reason == ran.put_off[0].reason == "tasks_held"
        assert "held: 9" in str(merged.put_off)
    else:
        assert merged.failed == ran.failed[0].why
        assert "is not what has left" in str(merged.failed)
    assert ids(archived, JOBS) == [5, 11]


@pytest.mark.slow
def test_late_jobs_and_what_comes_late_of_others_go_to_the_partition_that_is_there(
    archived: Database,
) -> None:
    do(archived, f"DROP TABLE {ARCHIVE_OF[META]}_p{DAY:%Y_%m_%d}")
    do(archived, "DELETE FROM pandadb.archive_proof WHERE table_name = 'metatable'")
    write(archived, 10, 11, days=50)
    do(archived, f"DELETE FROM {JOBS} WHERE pandaid = 11")
    make_days(archived)
    before = everything(archived)

    ran = archive.run(archived, limits=Limits(batch_seconds=0.001))

    (merged,) = ran.merged
    assert merged.gone.rows == {table: {FILES: 4, JOBS: 1}.get(live, 2)
                                for live, table in ARCHIVE_OF.items()}  # fmt: skip
    assert everything(archived) == before
    assert ids(archived, JOBS) == [5]
    verified = {one.partition: one.found for one in archive.verify(archived)}
    assert verified.pop(f"metatable_arch_p{ago(40):%Y_%m_%d}") is CheckResult.UNPROVEN
    assert {*verified.values()} == {CheckResult.SAME}
    ledger = "SELECT copied_to_arch || data_verif_passed FROM doma_panda.tablepart4copying"
    assert (
        scalar(archived, f"{ledger} WHERE partition_name = 'metatable_p{DAY:%Y_%m_%d}'") == "YYES"
    )


@pytest.mark.slow
def test_a_late_job_that_the_archive_has_stays_and_is_named(archived: Database) -> None:
    write(archived, 4, 12, days=50)
    make_days(archived)

    (merged,) = archive.run(archived).merged

    assert (merged.gone.jobs, merged.dropped) == ([12], [])
    assert merged.gone.refused == {
        4: "Job 4 is in jobsarchived4 and has rows in jobsarchived, too: nothing of it was touched"
    }
    assert ids(archived, FILES) == [4, 4, 5, 5]
    assert found(archived) == {CheckResult.SAME}


@pytest.mark.slow
def test_only_the_partitions_of_a_day_are_locked(archived: Database) -> None:
    times = TimeRange(*(ago(days) - timedelta(hours=12) for days in (50, 49)))
    locked = text(
        "SELECT count(*), count(*) FILTER (WHERE CAST(relation AS regclass)::text ~ :others)"
        " FROM pg_locks WHERE pid = pg_backend_pid()".replace("::", r"\:\:")
    )
    with archived.session() as session:
        rows.move(session, rows.TO_LIVE, times, [1])
        all_of_them, others = session.execute(locked, {"others": f"{ago(40):%Y_%m_%d}"}).one()

    assert (all_of_them > 40, others) == (True, 0)


@pytest.mark.slow
def test_held_tasks_stay_where_they_are_when_a_day_goes_by_rows(archived: Database) -> None:
    write(archived, 10, days=50, task=9)
    make_days(archived)
    archive.hold(archived, [9])

    assert "held: 9" in str(archive.run(archived).put_off[0].put_off)
    archive.release(archived, [9])
    assert archive.run(archived).merged[0].gone.jobs == [10]


@pytest.mark.slow
def test_what_differed_before_differs_afterwards_and_other_changes_are_still_found(
    archived: Database,
) -> None:
    do(archived, f"DELETE FROM {ARCHIVE_OF[FILES]} WHERE row_id = 2")
    archive.restore_jobs(archived, pandaids=[2])
    assert {one.table: one.found for one in archive.verify(archived, only=[DAY])} == {
        table: CheckResult.DIFFERS if live == FILES else CheckResult.SAME
        for live, table in ARCHIVE_OF.items()
    }
    archive.run(archived, only=[DAY])
    assert CheckResult.DIFFERS in found(archived)
    do(archived, f"UPDATE {ARCHIVE_OF[PARAMS]} SET jobparameters = 'x' WHERE pandaid = 1")
    assert CheckResult.UPDATED in found(archived)


@pytest.mark.slow
def test_a_day_whose_place_is_taken_comes_back_by_rows_and_stays(archived: Database) -> None:
    archive.restore_jobs(archived, pandaids=[1])

    restored = archive.restore(archived, DAY)

    assert isinstance(restored, RestoreResult)
    assert restored.gone.jobs == [2, 3]
    assert ids(archived, JOBS) == [1, 2, 3, 5]
    assert "the ledger excludes" in str(archive.plan(archived)[0].put_off)
    assert found(archived) == {CheckResult.SAME}
    archive.run(archived, only=[DAY])
    assert ids(archived, FILES) == [5, 5]


@pytest.mark.slow
def test_rows_leave_a_month_of_one_partition_and_come_back_to_it(database: Database) -> None:
    first = ago(150).replace(day=1)
    for pandaid, day in enumerate((first, first + timedelta(3)), start=1):
        write(database, pandaid, days=(ago(0) - day).days)
    make_days(database)
    archive.run(database)
    assert len(archive.compact(database, f"{ago(60):%Y-%m}").done) == 4
    before = everything(database)

    assert archive.restore_jobs(database, pandaids=[1]).gone.jobs == [1]
    there = ids(database, f"doma_panda.filestable4_p{first:%Y_%m_%d}")
    archived = found(database)
    (merged,) = archive.run(database, only=[first.date()]).merged

    assert (there, archived) == ([1, 1], {CheckResult.SAME})
    assert (merged.gone.jobs, len(merged.dropped)) == ([1], 4)
    assert everything(database) == before
    assert found(database) == {CheckResult.SAME}


@pytest.mark.slow
def test_where_a_default_partition_has_rows_of_that_time_the_others_go_too(
    archived: Database,
) -> None:
    do(archived, f"INSERT INTO {META} (pandaid, modificationtime) VALUES (70, '{ago(50)}')")

    restored = archive.restore_jobs(archived, pandaids=[1])

    assert restored.gone.strayed == {"metatable_default": 1}
    assert found(archived) == {CheckResult.SAME}
    partitions.maintain(archived, tables=[META], drain=True)
    archive.run(archived, only=[DAY])
    assert ids(archived, META) == [5]
    assert ids(archived, ARCHIVE_OF[META]) == [1, 2, 3, 4, 70]


@pytest.mark.slow
def test_nothing_moves_that_does_not_arrive(
    archived: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(archived)
    monkeypatch.setattr(
        rows, "MOVE", rows.MOVE.replace("FROM gone\n    R", "FROM gone LIMIT 1\n R")
    )

    (failure,) = archive.restore_jobs(archived, pandaids=[1]).failed

    assert "is not what has left" in failure.why
    assert everything(archived) == before


ACTIONS = st.one_of(
    st.tuples(st.just("restore"), st.sets(st.integers(1, 7), max_size=4)),
    st.tuples(st.just("task"), st.sampled_from([7, 8])),
    st.tuples(st.just("run"), st.sampled_from([50, 40])),
    st.tuples(st.just("day"), st.sampled_from([50, 40])),
    st.tuples(st.just("late"), st.sampled_from([50, 40])),
)


@pytest.mark.slow
def test_in_whatever_order_every_row_is_there_once_and_as_proven(database: Database) -> None:
    write(database, 1, 2, 3, days=50)
    write(database, 4, 5, days=40, task=8)
    write(database, 6, days=40)
    make_days(database)
    number = 100

    @settings(
        max_examples=5,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
        derandomize=True,
    )
    @given(st.lists(ACTIONS, min_size=2, max_size=5))
    def live_on(actions: list[tuple[str, Any]]) -> None:
        nonlocal number
        for what, value in actions:
            if what == "late":
                number += 1
                write(database, number, days=value)
                make_days(database)
            before = everything(database)
            if what == "restore":
                archive.restore_jobs(database, pandaids=sorted(value))
            elif what == "task":
                archive.restore_jobs(database, tasks=[value])
            elif what == "run":
                archive.run(database, only=[ago(value).date()])
            elif what == "day":
                with suppress(archive.NoSuchDay):
                    archive.restore(database, ago(value).date())
            assert everything(database) == before
            assert found(database) <= {CheckResult.SAME}

    live_on()
    archive.run(database, only=[ago(50).date(), ago(40).date()])
    assert ids(database, JOBS) == []


@pytest.mark.slow
def test_replicas_that_are_behind_and_sessions_that_wait_hold_a_run_up(
    archived: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(archived, 10, days=50)
    make_days(archived)
    said: list[str | None] = []
    monkeypatch.setattr(backpressure, "REPLICA_LAG", "SELECT 1, 1, 12.3")

    def listen(progress: archive.Progress) -> None:
        said.append(progress.waiting)
        monkeypatch.setattr(backpressure, "REPLICA_LAG", "SELECT 1, 0, NULL")

    ran = archive.run(archived, limits=Limits(max_lag=10), tell=listen)

    assert (said[0], len(ran.merged)) == ("replica lag 12 s", 1)
    assert ran.notes == ["The lag of replicas is not visible: GRANT pg_monitor to the role"]
    monkeypatch.undo()
    with archived.session() as session:
        real = backpressure.lag(session)
        assert (real.seconds, backpressure.waiting(session)) == (0, 0)


@pytest.mark.slow
def test_a_session_that_waits_for_a_row_of_our_tables_is_seen(archived: Database) -> None:
    update = text(f"UPDATE {JOBS} SET jobstatus = 'failed' WHERE pandaid = 5")
    with archived.session() as first:
        first.execute(update)
        waits = threading.Thread(target=do, args=(archived, str(update)))
        waits.start()
        time.sleep(1.5)
        with archived.session() as session:
            assert backpressure.waiting(session) == 1
    waits.join()
