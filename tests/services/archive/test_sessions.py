"""What another session commits while the archive waits for its lock is seen, whatever moves it.

Each test leaves a change uncommitted, lets the archive come to the lock, and commits then: what is
dropped, counted or taken along must be what is there afterwards.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from pandadb.database import Database
from pandadb.services import archive
from pandadb.services.archive import CheckResult, GracePeriods, NotDropped
from tests.services.archive.copies.test_copies import AT_ONCE
from tests.services.archive.test_runs import TODAY, ids, make_days, scalar, write
from tests.waiting import meanwhile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = TODAY - timedelta(50)
MONTH = f"{DAY:%Y-%m}"
AFTER = f"{DAY + timedelta(31):%Y-%m}"
LIVE, ARCHIVED = "doma_panda.jobsarchived4", "doma_pandaarch.jobsarchived"
CHANGES = {
    "update": "UPDATE {table} SET jobname = 'late' WHERE pandaid = 1",
    "insert": """
INSERT INTO {table}
SELECT (jsonb_populate_record(t, '{"pandaid": 9}')).* FROM {table} AS t WHERE pandaid = 1
""",
    "delete": "DELETE FROM {table} WHERE pandaid = 1",
}


@pytest.fixture
def days(database: Database) -> Database:
    """A database with a day of 50 days ago."""
    write(database, 1, 2, days=50)
    make_days(database)
    return database


def isolate(database: Database) -> None:
    """Let sessions of the database begin with a snapshot of all that they read, as a site may."""
    with database.session() as session:
        name = session.scalar(text("SELECT quote_ident(current_database())"))
        session.execute(
            text(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
        )
    database.engine.dispose()


def while_it_waits(database: Database, change: str, table: str, work: Callable[[], Any]) -> Any:
    """Change a table; commit when the work waits for a lock; return what the work returns."""
    with database.session() as other:
        other.connection().exec_driver_sql(CHANGES[change].replace("{table}", table))
        with meanwhile(database, work) as working:
            other.commit()
    return working.result()


def jobs_of(database: Database) -> list[int]:
    return sorted(job for table in (LIVE, ARCHIVED) for job in ids(database, table))


def is_proven(database: Database) -> bool:
    return {one.found for one in archive.verify(database)} == {CheckResult.SAME}


@pytest.mark.parametrize("change", ["update", "insert"])
def test_a_day_that_is_swapped_takes_along_what_is_new(days: Database, change: str) -> None:
    isolate(days)

    while_it_waits(days, change, LIVE, lambda: archive.run(days))
    archive.run(days)  # if its locks were not free in time

    assert ids(days, LIVE) == []
    assert ids(days, ARCHIVED) == ([1, 2, 9] if change == "insert" else [1, 2])
    late = scalar(days, f"SELECT count(*) FROM {ARCHIVED} WHERE jobname = 'late'")
    assert late == (change == "update")
    assert is_proven(days)


def test_a_job_that_is_deleted_while_its_day_is_swapped_is_no_silent_loss(days: Database) -> None:
    isolate(days)

    ran = while_it_waits(days, "delete", LIVE, lambda: archive.run(days))

    assert jobs_of(days) == [2]
    assert ran.lost or is_proven(days)  # if it was gone before its day was counted


@pytest.mark.slow
@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_day_whose_copy_changes_in_the_archive_is_not_dropped_here(
    days: Database, there: Database, change: str
) -> None:
    archive.run(days, archive=there, waits=GracePeriods())
    isolate(there)

    ran = while_it_waits(
        there, change, ARCHIVED, lambda: archive.run(days, archive=there, waits=AT_ONCE)
    )

    assert f"jobsarchived4_p{DAY:%Y_%m_%d}" not in ran.dropped
    assert ids(days, LIVE) == [1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("change", ["update", "insert"])
def test_a_day_that_changes_here_is_not_dropped_for_its_copy(
    days: Database, there: Database, change: str
) -> None:
    archive.run(days, archive=there, waits=GracePeriods())
    isolate(days)

    while_it_waits(days, change, LIVE, lambda: archive.run(days, archive=there, waits=AT_ONCE))

    here = ids(days, LIVE)
    assert here == ([1, 2, 9] if change == "insert" else [1, 2])


@pytest.fixture
def archived(days: Database) -> Database:
    """An archive with a month of two days."""
    write(days, 3, days=50 - 1 if (DAY + timedelta(1)).month == DAY.month else 51)
    make_days(days)
    assert len(archive.run(days).done) == 2
    return days


@pytest.mark.slow
@pytest.mark.parametrize("change", [*CHANGES])
def test_a_month_of_one_partition_has_what_its_days_had_at_the_end(
    archived: Database, change: str
) -> None:
    isolate(archived)

    while_it_waits(archived, change, ARCHIVED, lambda: archive.compact(archived, AFTER))
    archive.compact(archived, AFTER)

    expected = {"update": [1, 2, 3], "insert": [1, 2, 3, 9], "delete": [2, 3]}
    assert ids(archived, ARCHIVED) == expected[change]
    late = scalar(archived, f"SELECT count(*) FROM {ARCHIVED} WHERE jobname = 'late'")
    assert late == (change == "update")


@pytest.mark.slow
@pytest.mark.parametrize("change", ["update", "insert", "delete"])
def test_a_month_that_changes_is_not_dropped_for_its_files(
    archived: Database, tmp_path: Path, change: str
) -> None:
    archive.export(archived, MONTH, tmp_path)
    isolate(archived)

    def drop() -> str:
        with suppress(NotDropped):
            archive.drop_exported(archived, MONTH, tmp_path)
            return "dropped"
        return "not dropped"

    assert while_it_waits(archived, change, ARCHIVED, drop) == "not dropped"
    assert ids(archived, ARCHIVED) != []


@pytest.mark.slow
def test_a_job_that_comes_back_by_rows_comes_as_it_is_then(archived: Database) -> None:
    isolate(archived)

    while_it_waits(
        archived, "update", ARCHIVED, lambda: archive.restore_jobs(archived, pandaids=[1])
    )
    archive.restore_jobs(archived, pandaids=[1])  # if its locks were not free in time

    assert jobs_of(archived) == [1, 2, 3]
    assert scalar(archived, f"SELECT jobname FROM {LIVE} WHERE pandaid = 1") == "late"


@pytest.mark.slow
def test_a_day_that_comes_back_has_what_has_changed_in_the_archive(archived: Database) -> None:
    isolate(archived)

    while_it_waits(archived, "update", ARCHIVED, lambda: archive.restore(archived, DAY))

    assert scalar(archived, f"SELECT jobname FROM {LIVE} WHERE pandaid = 1") == "late"
    assert jobs_of(archived) == [1, 2, 3]
