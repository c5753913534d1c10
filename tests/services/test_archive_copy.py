"""Days to another database: copied, proven, waited for, and dropped; what must not be is refused."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from pandadb.core.archive.days import ARCHIVE_OF, LIVE_OF
from pandadb.database import Database
from pandadb.services import archive, grants, partitions, schema
from pandadb.services.archive import (
    BadArchive,
    CopyStep,
    Due,
    Found,
    NotTheArchiver,
    Verdict,
    Waits,
)
from tests.databases import temporary_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.services.archive import Progress, Ran
    from tests.databases import Server

TODAY = datetime.now(UTC).date()
OLD, LESS_OLD = TODAY - timedelta(50), TODAY - timedelta(40)
AT_ONCE = Waits.of_days(0, 0)
ROWS = """
INSERT INTO doma_panda.jobsarchived4 (pandaid, jobstatus, modificationtime, jeditaskid, jobname)
SELECT n, 'finished', :at, 7, 'job' || n FROM unnest(CAST(:ids AS bigint[])) AS n;
INSERT INTO doma_panda.filestable4 (row_id, pandaid, modificationtime, type, lfn)
SELECT n * 2 + f, n, :at, 'input', E'a\\tb' || n
  FROM unnest(CAST(:ids AS bigint[])) AS n, generate_series(0, 1) AS f;
INSERT INTO doma_panda.jobparamstable (pandaid, modificationtime, jobparameters)
SELECT n, :at, '--events 10' FROM unnest(CAST(:ids AS bigint[])) AS n;
INSERT INTO doma_panda.metatable (pandaid, modificationtime, metadata)
SELECT n, :at, '{}' FROM unnest(CAST(:ids AS bigint[])) AS n
"""
"""Jobs with two files each, parameters and metadata."""


def write(database: Database, day: Any, *pandaids: int) -> None:
    with database.session() as session:
        for statement in ROWS.split(";"):
            session.execute(text(statement), {"ids": [*pandaids], "at": f"{day} 12:00"})


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


def run(database: Database, there: Database, waits: Waits = AT_ONCE, **words: Any) -> Ran:
    return archive.run(database, archive=there, waits=waits, **words)


def everything(*databases: Database) -> dict[str, set[int]]:
    """Return the jobs that each table has, wherever."""
    found: dict[str, set[int]] = {live: set() for live in ARCHIVE_OF}
    for database in databases:
        for live, archived in ARCHIVE_OF.items():
            found[live] |= {*ids(database, live), *ids(database, archived)}
    return found


@pytest.fixture
def there(server: Server, template: str) -> Iterator[Database]:
    """Another database, which is the archive."""
    with temporary_database(server, template) as url, Database(url) as opened:
        yield opened


@pytest.fixture
def days(database: Database) -> Database:
    """A database with days of 50, 40 and 20 days ago."""
    write(database, OLD, 1, 2)
    write(database, LESS_OLD, 3)
    write(database, TODAY - timedelta(20), 4)
    partitions.maintain(database, tables=[*ARCHIVE_OF], drain=True)
    return database


def test_days_are_copied_proven_and_dropped_when_they_have_waited(
    days: Database, there: Database
) -> None:
    before = {table: ids(days, table) for table in ARCHIVE_OF}

    first = run(days, there, Waits())

    assert [moved.day.lower.date() for moved in first.done] == [OLD, LESS_OLD]
    assert {v for moved in first.done for v in moved.verdicts.values()} == {Verdict.SAME}
    assert [moved.findings for moved in first.done] == [[], []]
    assert {table: ids(days, table) for table in ARCHIVE_OF} == before
    for live, archived in ARCHIVE_OF.items():
        assert ids(there, archived) == [pandaid for pandaid in before[live] if pandaid != 4]
    assert [(one.due, one.until is not None) for one in run(days, there, Waits()).waiting] == [
        (Due.WAIT, True)
    ] * 2
    assert {one.found for one in archive.verify(days, archive=there)} == {Found.SAME}
    assert {one.found for one in archive.verify(there)} == {Found.SAME}

    jobs = run(days, there, Waits.of_days(0, 30))

    assert len(jobs.dropped) == 6
    assert ids(days, "doma_panda.jobsarchived4") == ids(days, "doma_panda.metatable") == [4]
    assert ids(days, "doma_panda.filestable4") == before["doma_panda.filestable4"]
    files = run(days, there)
    assert files.dropped == {name("filestable4"): 4, name("filestable4", LESS_OLD): 2}
    last = run(days, there)
    assert (last.done, last.dropped, last.put_off, last.waiting) == ([], {}, [], [])
    assert everything(days) == {table: {4} for table in ARCHIVE_OF}
    ledger = (
        "SELECT count(*) FROM doma_panda.tablepart4copying WHERE copied_to_arch = 'Y'"
        " AND data_verif_passed = 'YES' AND copying_done_on < deleted_on"
    )
    assert scalar(days, ledger) == 8
    assert scalar(days, "SELECT count(*) FROM pandadb.archive_proof WHERE how = 'copy'") == 8
    assert {one.found for one in archive.verify(days, archive=there)} == {Found.SAME}
    assert schema.check(days) == schema.check(there) == []
