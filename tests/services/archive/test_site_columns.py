"""Columns and settings that a site has added to partitioned tables go along, or are named."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF
from pandadb.database import Database
from pandadb.services import archive, partitions
from pandadb.services.archive import CheckResult, GracePeriods
from tests.services.archive.test_runs import ago, ids, make_days, scalar, write

if TYPE_CHECKING:
    from collections.abc import Iterator


JOBS, *_ = ARCHIVE_OF
ARCHIVED = ARCHIVE_OF[JOBS]
LOG = "doma_panda.jobs_statuslog"
LINE = "(pandaid, jobstatus, modificationtime) VALUES (1, 'running', now())"
DAY = ago(50).date()
AT_ONCE = GracePeriods.of_days(0, 0)
COLUMNS = (
    "site_json json",
    "site_domain pandadb.site_domain",
    "site_points point[]",
    "site_words tsvector",
    '"site 100% own" varchar(20)',
    "site_code bit(4)",
    "site_length integer GENERATED ALWAYS AS (length(jobname)) STORED",
)
VALUES = (
    "UPDATE {} SET jobname = 'job' || pandaid, site_json = '{{\"b\": 1, \"a\":  2}}',"
    " site_domain = '[1,  2]', site_points = ARRAY[point(1, 2)], site_words = 'b a',"
    " \"site 100% own\" = '50%', site_code = B'1010' WHERE pandaid < 10"
)
SEEN = "SELECT string_agg(to_jsonb(t)::text, '; ' ORDER BY pandaid) FROM {} AS t"
IDENTITY = "SELECT relreplident::text FROM pg_class WHERE oid = '{}'::regclass"


def do(database: Database, *statements: str) -> None:
    with database.session() as session:
        for statement in statements:
            words = {"no_parameters": True}
            session.connection().exec_driver_sql(statement, execution_options=words)


def add(database: Database) -> None:
    """Add the columns to both tables of ended jobs."""
    do(database, "CREATE DOMAIN pandadb.site_domain AS json CHECK (json_typeof(VALUE) <> 'string')")
    for table in (JOBS, ARCHIVED):
        do(database, *(f"ALTER TABLE {table} ADD {column}" for column in COLUMNS))


def found(database: Database, there: Database | None = None) -> set[CheckResult]:
    return {one.found for one in archive.verify(database, archive=there)}


@pytest.fixture
def site(database: Database) -> Database:
    """A database with columns of a site, of each kind, and jobs of 50 and 40 days ago."""
    add(database)
    write(database, 1, 2, days=50)
    write(database, 3, days=40)
    do(database, VALUES.format(JOBS))
    return database


@pytest.fixture
def there(there: Database) -> Database:
    """The archive in another database, with the same columns."""
    add(there)
    return there


@pytest.mark.slow
def test_they_are_drained_swapped_compacted_and_come_back_by_rows(site: Database) -> None:
    before = scalar(site, SEEN.format(JOBS))
    assert '"site_length": 4' in before

    make_days(site)
    assert scalar(site, SEEN.format(JOBS)) == before
    ran = archive.run(site)
    assert (len(ran.done), ran.failed) == (2, [])
    assert scalar(site, SEEN.format(ARCHIVED)) == before
    assert found(site) == {CheckResult.SAME}
    restored = archive.restore_jobs(site, pandaids=[1, 2, 3])
    assert (restored.gone.jobs, restored.failed) == ([1, 2, 3], [])
    assert scalar(site, SEEN.format(JOBS)) == before
    ran = archive.run(site, only=[DAY, ago(40).date()])
    assert (len(ran.merged), ran.failed) == (2, [])
    assert scalar(site, SEEN.format(ARCHIVED)) == before
    assert found(site) == {CheckResult.SAME}


def test_they_are_made_a_month_and_a_change_of_json_is_found(database: Database) -> None:
    add(database)
    for day in ("2025-01-02", "2025-01-03"):
        partition = f"{ARCHIVED}_p{day.replace('-', '_')}"
        do(
            database,
            f"CREATE TABLE {partition} PARTITION OF {ARCHIVED} FOR VALUES FROM ('{day}')"
            f" TO ('{day[:-1]}{int(day[-1]) + 1}')",
            f"INSERT INTO {ARCHIVED} (pandaid, jobstatus, modificationtime, nevents,"
            f" cpuconsumptiontime) VALUES ({day[-1]}, 'finished', '{day} 12:00', 0, 0)",
        )
    do(database, VALUES.format(ARCHIVED))
    before = scalar(database, SEEN.format(ARCHIVED))

    done = archive.compact(database)

    assert (done.failed, [*done.done.values()]) == ([], [2])
    assert scalar(database, SEEN.format(ARCHIVED)) == before
    assert found(database) == {CheckResult.SAME}
    do(database, f"UPDATE {ARCHIVED} SET site_json = '{{}}' WHERE pandaid = 2")
    assert found(database) == {CheckResult.UPDATED}


@pytest.mark.slow
def test_they_are_copied_dropped_and_brought_back(site: Database, there: Database) -> None:
    before = scalar(site, SEEN.format(JOBS))
    make_days(site)

    assert archive.run(site, archive=there, waits=AT_ONCE).failed == []
    assert scalar(there, SEEN.format(ARCHIVED)) == before
    ran = archive.run(site, archive=there, waits=AT_ONCE)
    assert (len(ran.dropped), ran.failed) == (8, [])
    assert ids(site, JOBS) == []
    assert found(site, there) == {CheckResult.SAME}
    for day in (DAY, ago(40).date()):
        archive.restore(site, day, archive=there)
    assert scalar(site, SEEN.format(JOBS)) == before


@pytest.mark.slow
def test_the_guard_counts_a_change_of_json(site: Database, there: Database) -> None:
    make_days(site)
    archive.run(site, archive=there, waits=AT_ONCE)
    do(site, f"UPDATE {JOBS} SET site_json = '{{}}' WHERE pandaid = 1")

    ran = archive.run(site, archive=there, waits=AT_ONCE)

    assert ran.recopied == [f"jobsarchived4_p{DAY:%Y_%m_%d}"]
    assert ids(site, JOBS) == [1, 2]


def test_a_column_that_only_one_table_has_is_named_before_anything_is_prepared(
    database: Database,
) -> None:
    write(database, 1, days=50)
    do(database, f"ALTER TABLE {ARCHIVED} ADD site_note text")
    make_days(database)

    ran = archive.run(database)

    assert [one.unit for one in ran.failed] == [str(DAY)]
    assert "has the column site_note: add it there" in ran.failed[0].why
    assert ids(database, JOBS) == [1]
    prepared = "SELECT count(*) FROM pg_constraint WHERE conname = 'archive_bounds'"
    assert scalar(database, prepared) == 0


def test_new_partitions_have_the_replica_identity_of_their_table(database: Database) -> None:
    write(database, 1, days=50)
    do(
        database,
        f"ALTER TABLE {LOG} REPLICA IDENTITY FULL",
        f"ALTER TABLE {JOBS} REPLICA IDENTITY USING INDEX jobsarchived4_pkey",
        f"ALTER TABLE {ARCHIVED} REPLICA IDENTITY FULL",
    )

    make_days(database)
    partitions.maintain(database, tables=["jobs_statuslog"])

    suffix = f"p{ago(0):%Y_%m_%d}"
    assert scalar(database, IDENTITY.format(f"{LOG}_{suffix}")) == "f"
    old = f"{JOBS}_p{DAY:%Y_%m_%d}"
    assert scalar(database, IDENTITY.format(old)) == "i"
    identity = "SELECT count(*) FROM pg_index WHERE indrelid = '{}'::regclass AND indisreplident"
    assert scalar(database, identity.format(old)) == 1
    assert len(archive.run(database).done) == 1
    assert scalar(database, IDENTITY.format(f"{ARCHIVED}_p{DAY:%Y_%m_%d}")) == "f"
    archive.restore(database, DAY)
    assert scalar(database, IDENTITY.format(old)) == "i"


def test_a_publication_that_a_table_does_not_fit_is_named_and_holds_up_no_other(
    database: Database,
) -> None:
    tasks = "doma_panda.tasks_statuslog (jeditaskid, status, modificationtime)"
    do(
        database,
        f"INSERT INTO {LOG} {LINE}",
        f"INSERT INTO {tasks} VALUES (1, 'running', now())",
        "CREATE PUBLICATION of_a_site FOR ALL TABLES",
        f"ALTER TABLE {LOG} REPLICA IDENTITY FULL",
        f"ALTER TABLE {LOG}_default REPLICA IDENTITY FULL",
    )

    done = partitions.maintain(database, tables=["tasks_statuslog", "jobs_statuslog"], drain=True)

    (failure,) = done.failed
    assert failure.unit == f"drain tasks_statuslog_p{ago(0):%Y_%m_%d}"
    assert "REPLICA IDENTITY" in failure.why
    assert len([step for step in done.done if step.table == LOG]) == 8
    assert scalar(database, f"SELECT count(*) FROM {LOG}_default") == 0


@pytest.fixture
def tablespace(database: Database) -> Iterator[str]:
    """A tablespace in the server's own folder, for the tables of a test."""
    name = f"pandadb_test_{secrets.token_hex(4)}"
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("SET allow_in_place_tablespaces = on"))
        connection.execute(text(f"CREATE TABLESPACE {name} LOCATION ''"))
        connection.invalidate()
    yield name
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(f"DROP TABLE {', '.join([LOG, *LIVE_OF])} CASCADE"))
        connection.execute(text(f"DROP TABLESPACE {name}"))


def test_new_partitions_are_in_the_tablespace_of_their_table(
    database: Database, tablespace: str
) -> None:
    do(database, *(f"ALTER TABLE {table} SET TABLESPACE {tablespace}" for table in (LOG, ARCHIVED)))
    for day in ("2025-01-02", "2025-01-03"):
        do(
            database,
            f"CREATE TABLE {ARCHIVED}_p{day.replace('-', '_')} PARTITION OF {ARCHIVED}"
            f" FOR VALUES FROM ('{day}') TO ('{day[:-1]}{int(day[-1]) + 1}')",
        )

    partitions.maintain(database, tables=["jobs_statuslog"])
    archive.compact(database)

    query = (
        "SELECT count(*) FROM pg_class c JOIN pg_tablespace s ON s.oid = c.reltablespace"
        f" WHERE c.relkind = 'r' AND s.spcname = '{tablespace}' AND c.relname LIKE '{{}}_p20%'"
    )
    assert scalar(database, query.format("jobs_statuslog")) == 8
    assert scalar(database, query.format("jobsarchived")) == 1


def test_an_identity_column_is_that_of_the_table(database: Database) -> None:
    if scalar(database, "SELECT current_setting('server_version_num')::int") < 170000:
        pytest.skip("partitions have identity columns since PostgreSQL 17")
    do(database, f"ALTER TABLE {LOG} ADD site_id bigint GENERATED ALWAYS AS IDENTITY")
    insert = f"INSERT INTO {LOG} {LINE}"
    do(database, insert)

    done = partitions.maintain(database, tables=["jobs_statuslog"], drain=True)

    assert (done.failed, len(done.done)) == ([], 8)
    do(database, insert)
    assert scalar(database, f"SELECT array_agg(site_id ORDER BY 1) FROM {LOG}") == [1, 2]
