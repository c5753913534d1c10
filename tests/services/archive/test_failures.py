"""One day, partition or month that an error ends: it is named, and the others go on."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pandadb.cli.archive.app import app
from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF
from pandadb.database import Database
from pandadb.services import archive
from pandadb.services.archive import CheckResult, GracePeriods, Step
from tests.services.archive.test_runs import ago, ids, make_days, scalar, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result


JOBS, FILES, PARAMS, META = ARCHIVE_OF
ARCHIVED = ARCHIVE_OF[JOBS]
OLD, LATER = ago(50).date(), ago(40).date()
AT_ONCE = GracePeriods.of_days(0, 0)
FILE = "SELECT relfilenode FROM pg_class WHERE oid = CAST(:name AS regclass)"
LOST = "UPDATE pg_class SET relfilenode = :file WHERE oid = CAST(:name AS regclass)"


def do(database: Database, *statements: str) -> None:
    with database.session() as session:
        for statement in statements:
            session.execute(text(statement))


def cli(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def name(table: str, day: Any = OLD) -> str:
    return f"{table}_p{day:%Y_%m_%d}"


@contextmanager
def unreadable(database: Database, table: str) -> Iterator[None]:
    """Have a table without its file, as after a fault of a disk."""
    with database.session() as session:
        file = session.scalar(text(FILE), {"name": table})
        session.execute(text(LOST), {"name": table, "file": 1})
    try:
        yield
    finally:
        with database.session() as session:
            session.execute(text(LOST), {"name": table, "file": file})


def two_days(database: Database) -> None:
    write(database, 1, 2, days=50)
    write(database, 3, days=40)
    make_days(database)


CONTENTS = {"days": two_days}


@pytest.fixture
def days(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database with days of 50 and 40 days ago, which are due."""
    monkeypatch.setenv("PANDADB_URL", database_url)
    return database


@pytest.mark.slow
def test_a_table_where_a_day_should_go_holds_up_no_other_day(days: Database) -> None:
    do(days, f"CREATE TABLE {name(ARCHIVED)} (pandaid bigint)")

    result = cli("run", "--json")

    ran = json.loads(result.stdout)
    assert (result.exit_code, len(ran["done"])) == (1, 1)
    assert [one["unit"] for one in ran["failed"]] == [str(OLD)]
    assert f"Failed: {OLD}: relation " in result.stderr
    assert "already exists" in ran["failed"][0]["why"]
    assert (ids(days, JOBS), ids(days, FILES)) == ([1, 2], [1, 1, 2, 2])
    assert ids(days, ARCHIVED) == [3]
    do(days, f"DROP TABLE {name(ARCHIVED)}")
    assert cli("run").exit_code == 0
    assert ids(days, ARCHIVED) == [1, 2, 3]


@pytest.mark.parametrize("held", [True, False])
def test_a_day_that_cannot_be_read_holds_up_no_other_day(days: Database, held: bool) -> None:
    if held:  # then it is read to be planned
        archive.hold(days, [1000])
    with unreadable(days, name(JOBS)):
        planned = cli("plan", "--json")
        result = cli("run")

    failed = [one["failed"] for one in json.loads(planned.stdout)]
    assert (planned.exit_code, failed) == ((1, [True, False]) if held else (0, [False, False]))
    assert result.exit_code == 1
    assert f"Failed: {OLD}: could not open file" in result.stderr
    assert "Days archived: 1;" in result.stdout
    assert "; failed: " in result.stdout
    assert ids(days, ARCHIVED) == [3]


@pytest.mark.slow
def test_a_copied_day_that_a_view_depends_on_stays_and_the_others_are_dropped(
    days: Database, there: Database
) -> None:
    assert len(archive.run(days, archive=there, waits=AT_ONCE).done) == 2
    do(days, f"CREATE VIEW public.of_a_site AS SELECT pandaid FROM {name(JOBS)}")

    ran = archive.run(days, archive=there, waits=AT_ONCE)

    assert sorted(ran.dropped) == sorted(name(t, LATER).partition(".")[2] for t in ARCHIVE_OF)
    (failure,) = ran.failed
    assert failure.unit == str(OLD)
    assert "of_a_site depends on table" in failure.why
    assert "CASCADE" not in failure.why
    assert (ids(days, JOBS), ids(days, PARAMS)) == ([1, 2], [1, 2])
    do(days, "DROP VIEW public.of_a_site")
    assert len(archive.run(days, archive=there, waits=AT_ONCE).dropped) == 4


@pytest.mark.slow
def test_a_day_that_cannot_be_copied_holds_up_no_other_day(days: Database, there: Database) -> None:
    archive.hold(days, [1000])
    with unreadable(days, name(JOBS)):
        ran = archive.run(days, archive=there, waits=AT_ONCE)
    archive.release(days, [1000])
    with unreadable(days, name(JOBS)):
        again = archive.run(days, archive=there, waits=AT_ONCE)

    assert str(OLD) in [one.unit for one in ran.failed]
    assert str(OLD) in [one.unit for one in again.failed]
    assert [str(moved.day) for moved in ran.done] == [str(LATER)]
    assert len(again.dropped) == 4
    assert ids(there, ARCHIVED) == [3]


@pytest.mark.slow
def test_a_day_by_rows_that_a_view_depends_on_is_told_and_has_gone(days: Database) -> None:
    assert len(archive.run(days).done) == 2
    write(days, 10, days=50)
    write(days, 11, days=40)
    make_days(days)
    do(days, f"CREATE VIEW public.of_a_site AS SELECT pandaid FROM {name(META)}")

    ran = archive.run(days)

    (failure,) = ran.failed
    assert (failure.unit, "view of_a_site depends on" in failure.why) == (str(OLD), True)
    assert [merged.gone.jobs for merged in ran.merged] == [[10], [11]]
    assert [len(merged.dropped) for merged in ran.merged] == [0, 4]
    assert ids(days, ARCHIVED) == [1, 2, 3, 10, 11]


@pytest.mark.slow
def test_what_of_a_day_by_rows_has_gone_before_an_error_is_told(
    days: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(archive.run(days).done) == 2
    write(days, 10, days=50)
    write(days, 11, days=40)
    make_days(days)
    do(
        days,
        "CREATE FUNCTION pandadb.stop() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN IF NEW.pandaid = 10 THEN RAISE EXCEPTION ''not that one''; END IF;"
        " RETURN NEW; END'",
        f"CREATE TRIGGER stop BEFORE INSERT ON {ARCHIVED} FOR EACH ROW"
        " EXECUTE FUNCTION pandadb.stop()",
    )

    ran = archive.run(days)

    assert [(one.unit, one.why) for one in ran.failed] == [(str(OLD), "not that one")]
    assert [merged.gone.jobs for merged in ran.merged] == [[], [11]]
    assert ids(days, JOBS) == [10]


@pytest.mark.slow
def test_what_cannot_be_counted_after_a_kill_holds_up_no_run(days: Database) -> None:
    def die(progress: archive.Progress) -> None:
        if progress.step is Step.PROVE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.run(days, tell=die)
    with unreadable(days, name(ARCHIVED)):
        ran = archive.run(days)

    assert next(one.unit for one in ran.failed) == f"count of {name('jobsarchived4')}"
    assert [str(moved.day) for moved in ran.done] == [str(LATER)]
    assert len(archive.run(days).finished) == 1


@pytest.mark.slow
def test_a_partition_that_cannot_be_read_is_verified_as_such(days: Database) -> None:
    archive.run(days)
    with unreadable(days, name(ARCHIVED)):
        found = archive.verify(days)
        result = cli("verify")

    assert [one.partition for one in found if one.found is CheckResult.UNREADABLE] == [
        name("jobsarchived")
    ]
    assert sum(one.found is CheckResult.SAME for one in found) == 7
    assert "could not open file" in next(str(one.why) for one in found if one.why)
    assert (result.exit_code, "unreadable" in result.stdout) == (1, True)


def test_a_month_that_a_view_depends_on_holds_up_no_other_month(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANDADB_URL", database_url)
    for table in LIVE_OF:
        for days in ("2025-01-02", "2025-01-03"), ("2025-02-02", "2025-02-03"):
            for day in days:
                partition = f"{table}_p{day.replace('-', '_')}"
                do(
                    database,
                    f"CREATE TABLE {partition} PARTITION OF {table} FOR VALUES"
                    f" FROM ('{day}') TO ('{day[:-1]}{int(day[-1]) + 1}')",
                )
    do(
        database,
        f"CREATE VIEW public.of_a_site AS SELECT pandaid FROM {ARCHIVED}_p2025_01_02",
    )

    result = cli("compact", "--json")

    done = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [one["unit"] for one in done["failed"]] == [f"2025-01 of {ARCHIVED}"]
    assert "view of_a_site depends on" in done["failed"][0]["why"]
    assert len(done["done"]) == 7
    partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = '{}'::regclass"
    assert scalar(database, partitions.format(ARCHIVED)) == 1 + 2 + 1
