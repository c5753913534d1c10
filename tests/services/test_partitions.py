"""Partitions of a real database: made, drained and dropped, while others write."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, text

from pandadb.core.partitions.catalog import UnknownBound
from pandadb.core.partitions.intervals import Span
from pandadb.core.partitions.policies import POLICIES
from pandadb.database import Database
from pandadb.models import JobsStatusLog
from pandadb.services import partitions
from pandadb.services.coverage import coverage
from pandadb.services.partitions import Do, UnknownTable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LOG = "doma_panda.jobs_statuslog"


def where(session: Session, pandaid: int) -> str:
    """Return the partition in which a job's line of the status log is."""
    query = "SELECT tableoid::regclass::text FROM doma_panda.jobs_statuslog WHERE pandaid = :id"
    return str(session.scalars(text(query), {"id": pandaid}).one()).rpartition(".")[2]


def write(session: Session, pandaid: int, when: datetime) -> None:
    row = {"pandaid": pandaid, "jobstatus": "running", "modificationtime": when}
    session.execute(insert(JobsStatusLog.__table__).values(row))


def now(database: Database) -> datetime:
    with database.session() as session:
        found: datetime = session.scalars(text("SELECT now() AT TIME ZONE 'UTC'")).one()
        return found


def counts(steps: list[partitions.PlanStep]) -> dict[Do, int]:
    return {do: number for do in Do if (number := sum(step.do is do for step in steps))}


@pytest.mark.slow
def test_a_new_database_gets_all_its_partitions_and_then_there_is_nothing_to_do(
    database: Database,
) -> None:
    first = partitions.maintain(database)
    wanted = sum(policy.ahead + 1 for policy in POLICIES.values())

    assert counts(first.done) == {Do.MAKE: wanted}
    assert partitions.plan(database) == []
    assert partitions.maintain(database).done == []


def test_a_row_goes_into_the_partition_of_its_day(database: Database) -> None:
    partitions.maintain(database, tables=["jobs_statuslog"])
    today = now(database)

    with database.session() as session:
        write(session, 1, today)
        assert where(session, 1) == f"jobs_statuslog_{Span.of('1 day').suffix(today)}"


def test_a_partition_has_the_indexes_and_the_owner_of_its_table(database: Database) -> None:
    partitions.maintain(database, tables=["jobsarchived4", "filestable4", "jedi_tasks"])
    query = text("""
        SELECT count(*) FROM pg_index i JOIN pg_inherits h ON h.inhparent = i.indrelid
         WHERE NOT EXISTS (SELECT 1 FROM pg_inherits c JOIN pg_index o ON inhrelid = o.indexrelid
                            WHERE c.inhparent = i.indexrelid AND o.indrelid = h.inhrelid)
    """)
    owners = text("""
        SELECT count(*) FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
          JOIN pg_class c ON c.oid = h.inhrelid WHERE p.relowner <> c.relowner
    """)

    with database.session() as session:
        assert session.scalar(query) == 0
        assert session.scalar(owners) == 0


def test_rows_of_the_default_partition_are_told_of_and_moved_only_when_asked(
    database: Database,
) -> None:
    today = now(database)
    old = today - timedelta(40)
    with database.session() as session:
        for pandaid, when in ((1, today), (2, old), (3, old)):
            write(session, pandaid, when)

    told = partitions.maintain(database, tables=[LOG])
    assert [(step.do, step.rows) for step in told.left] == [(Do.DRAIN, 2), (Do.DRAIN, 1)]
    drained = partitions.maintain(database, tables=[LOG], drain=True)

    assert counts(drained.done) == {Do.DRAIN: 2}
    with database.session() as session:
        places = {where(session, pandaid) for pandaid in (1, 2, 3)}
        assert places == {f"jobs_statuslog_{Span.of('1 day').suffix(w)}" for w in (today, old)}
    (found,) = [s for s in coverage(database).tables if s.table == LOG]
    assert (found.stray, found.partitions) == (0, 1 + 7 + 1 + 2 - 1)


def test_a_partition_that_was_drained_has_statistics(database: Database) -> None:
    with database.session() as session:
        for pandaid in (1, 2):
            write(session, pandaid, now(database) - timedelta(40))

    partitions.maintain(database, tables=[LOG], drain=True)

    with database.session() as session:
        query = "SELECT reltuples FROM pg_class WHERE oid = CAST(:name AS regclass)"
        assert session.scalar(text(query), {"name": f"doma_panda.{where(session, 2)}"}) == 2


def test_draining_keeps_what_is_in_a_column_that_a_site_has_added(database: Database) -> None:
    with database.session() as session:
        session.execute(text("ALTER TABLE doma_panda.jobs_statuslog ADD COLUMN site_note text"))
        write(session, 1, now(database))
        session.execute(text("UPDATE doma_panda.jobs_statuslog SET site_note = 'kept'"))

    drained = partitions.maintain(database, tables=[LOG], drain=True)

    assert counts(drained.done)[Do.DRAIN] == 1
    with database.session() as session:
        assert session.scalar(text("SELECT site_note FROM doma_panda.jobs_statuslog")) == "kept"


def test_a_day_whose_time_has_passed_is_dropped_and_a_younger_one_is_not(
    database: Database,
) -> None:
    today = now(database)
    with database.session() as session:
        for pandaid, days in ((1, 92), (2, 89)):
            write(session, pandaid, today - timedelta(days))
    partitions.maintain(database, tables=[LOG], drain=True)

    done = partitions.maintain(database, tables=[LOG])

    assert counts(done.done) == {Do.DROP: 1}
    with database.session() as session:
        assert session.scalars(text("SELECT pandaid FROM doma_panda.jobs_statuslog")).all() == [2]


def test_days_of_jobs_are_left_to_the_archiver(database: Database) -> None:
    insert_ = "INSERT INTO doma_panda.jobsarchived4 (pandaid, jobstatus, modificationtime) VALUES "
    with database.session() as session:
        session.execute(text(insert_ + "(1, 'finished', now() - interval '50 days')"))
    partitions.maintain(database, tables=["jobsarchived4"], drain=True)

    done = partitions.maintain(database, tables=["jobsarchived4"])

    assert (counts(done.done), counts(done.left)) == ({}, {Do.ARCHIVE: 1})
    with database.session() as session:
        assert session.scalars(text("SELECT pandaid FROM doma_panda.jobsarchived4")).all() == [1]


@pytest.mark.slow
def test_a_lock_that_is_held_holds_up_its_own_step_only(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "PATIENCE", 0.05)
    monkeypatch.setattr(partitions, "TRIES", 2)
    tables = ["jobs_statuslog", "tasks_statuslog"]
    with database.session() as session:
        write(session, 1, now(database))  # keeps a lock on the table that lets nobody change it
        done = partitions.maintain(database, tables=tables)

    assert {name[:14] for name in done.contended} == {"jobs_statuslog"}
    assert {step.table for step in done.done} == {"doma_panda.tasks_statuslog"}
    again = partitions.maintain(database, tables=tables)
    assert (counts(again.done), again.contended) == ({Do.MAKE: 7}, [])


def test_a_table_that_somebody_has_for_himself_is_not_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "PATIENCE", 0.05)
    with database.session() as session:
        session.execute(text("LOCK TABLE doma_panda.jobs_statuslog"))
        done = partitions.maintain(database, tables=["jobs_statuslog", "tasks_statuslog"])

    assert done.contended == [LOG]
    assert {step.table for step in done.done} == {"doma_panda.tasks_statuslog"}


def test_two_runs_at_once_do_not_get_into_each_others_way(database: Database) -> None:
    with database.session() as session:
        session.execute(text(f"SELECT pg_advisory_xact_lock({partitions.MAINTENANCE_LOCK})"))
        assert partitions.maintain(database).busy

    assert not partitions.maintain(database, tables=[LOG]).busy


def test_draining_loses_no_row_that_is_written_meanwhile(database_url: str) -> None:
    today = datetime.now(UTC).replace(tzinfo=None)
    stop = threading.Event()
    written: list[int] = []
    failed: list[Exception] = []

    def keep_writing(first: int) -> None:
        with Database(database_url) as mine:
            while not stop.is_set():
                pandaid = first + len(written) * 2
                try:
                    with mine.session() as session:
                        write(session, pandaid, today - timedelta(2 + pandaid % 20))
                except Exception as error:  # noqa: BLE001 - whatever it is, it must not be
                    failed.append(error)
                    return
                written.append(pandaid)

    writers = [threading.Thread(target=keep_writing, args=(first,)) for first in (0, 1)]
    for writer in writers:
        writer.start()
    with Database(database_url) as database:
        days: set[str] = set()
        while len(days) < 20:
            done = partitions.maintain(database, tables=[LOG], drain=True)
            days |= {step.partition for step in done.done if step.do is Do.DRAIN}
        stop.set()
        for writer in writers:
            writer.join()
        with database.session() as session:
            found = session.scalars(text("SELECT pandaid FROM doma_panda.jobs_statuslog")).all()
            default = "SELECT count(*) FROM doma_panda.jobs_statuslog_default"
            assert session.scalar(text(default)) == 0
    assert failed == []
    assert sorted(found) == sorted(written)


def test_an_unknown_table_is_a_sentence(database: Database) -> None:
    with pytest.raises(UnknownTable, match="no policy for 'jobs': there are datasets, "):
        partitions.plan(database, tables=["jobs"])


def test_the_script_of_a_plan_does_what_the_plan_says(database: Database) -> None:
    with database.session() as session:
        write(session, 1, now(database) - timedelta(3))
    steps = partitions.plan(database, tables=[LOG])

    for script in partitions.script(database, steps):
        with database.session() as session:
            for statement in script:
                session.connection().exec_driver_sql(statement)

    assert partitions.plan(database, tables=[LOG]) == []


def do(database: Database, *statements: str) -> None:
    with database.session() as session:
        for statement in statements:
            session.execute(text(statement))


@pytest.mark.slow
def test_a_table_where_the_next_partition_should_be_holds_up_no_other(database: Database) -> None:
    taken = f"jobs_statuslog_{Span.of('1 day').suffix(now(database))}"
    do(database, f"CREATE TABLE doma_panda.{taken} (pandaid bigint)")

    done = partitions.maintain(database)

    (failure,) = done.failed
    assert failure.unit == f"make {taken}"
    assert f'relation "{taken}" already exists' in failure.why
    assert "rename it" in failure.why
    assert len(done.done) == sum(policy.ahead + 1 for policy in POLICIES.values()) - 1
    do(database, f"DROP TABLE doma_panda.{taken}")
    assert [step.partition for step in partitions.maintain(database).done] == [taken]


def test_an_old_partition_that_a_view_depends_on_stays_and_the_others_are_dropped(
    database: Database,
) -> None:
    days = [now(database) - timedelta(days) for days in (95, 94, 93)]
    with database.session() as session:
        for pandaid, when in enumerate(days):
            write(session, pandaid, when)
    partitions.maintain(database, tables=[LOG], drain=True)
    old = [f"jobs_statuslog_{Span.of('1 day').suffix(when)}" for when in days]
    do(database, f"CREATE VIEW public.of_a_site AS SELECT pandaid FROM doma_panda.{old[1]}")

    done = partitions.maintain(database, tables=[LOG])

    assert [step.partition for step in done.done] == [old[0], old[2]]
    (failure,) = done.failed
    assert failure.unit == f"drop {old[1]}"
    assert "view of_a_site depends on" in failure.why
    assert "CASCADE" not in failure.why
    with database.session() as session:
        assert where(session, 1) == old[1]


def test_a_table_that_cannot_be_planned_holds_up_no_other(database: Database) -> None:
    do(
        database,
        f"ALTER TABLE {LOG} DETACH PARTITION {LOG}_default",
        f"ALTER TABLE {LOG}_default ALTER modificationtime TYPE text USING modificationtime::text",
        f"ALTER TABLE {LOG} RENAME TO elsewhere",
        f"CREATE TABLE {LOG} (pandaid bigint, modificationtime text)"
        " PARTITION BY LIST (modificationtime)",
        f"CREATE TABLE {LOG}_of_a_site PARTITION OF {LOG} FOR VALUES IN ('x')",
    )
    tables = ["jobs_statuslog", "pandalog"]

    done = partitions.maintain(database, tables=tables)

    assert ([one.unit for one in done.failed], counts(done.done)) == ([LOG], {Do.MAKE: 8})
    assert "jobs_statuslog_of_a_site" in done.failed[0].why
    with pytest.raises(UnknownBound):
        partitions.plan(database, tables=tables)
    failed: list[partitions.Failure] = []
    assert partitions.plan(database, tables=tables, failed=failed) == []
    others = coverage(database, failed=failed).tables
    assert [one.unit for one in failed] == [LOG, LOG]
    assert len(others) == len(POLICIES) - 1


def test_a_row_that_comes_after_the_plan_is_left_to_be_drained(database: Database) -> None:
    def come(step: partitions.PlanStep) -> None:
        if not came:
            came.append(step.partition)
            with database.session() as session:
                write(session, 1, now(database))

    came: list[str] = []
    done = partitions.maintain(database, tables=[LOG], tell=come)

    assert ([*done.failed], counts(done.done)) == ([], {Do.MAKE: 7})
    assert [(step.do, step.partition) for step in done.left] == [(Do.DRAIN, came[0])]
    assert counts(partitions.maintain(database, tables=[LOG], drain=True).done) == {Do.DRAIN: 1}
