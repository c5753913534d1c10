"""Databases that pandadb has not made, has made halfway, or has taken back to nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pandadb.database import Database
from pandadb.services import archive, partitions, schema
from tests.migrations.test_offline import dump, psql
from tests.typed import pandadb

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.any_server

UPSTREAM = """
CREATE SCHEMA doma_panda;
CREATE TABLE doma_panda.jobsactive4 (pandaid bigint, jobstatus varchar(15));
CREATE TABLE doma_panda.jobs_statuslog (pandaid bigint, modificationtime timestamp)
    PARTITION BY RANGE (modificationtime);
CREATE TABLE doma_panda.jobs_statuslog_2019 PARTITION OF doma_panda.jobs_statuslog
    FOR VALUES FROM ('2019-01-01') TO ('2020-01-01');
CREATE TABLE doma_panda.pandadb_version
    (component varchar(100), major int, minor int, patch int);
INSERT INTO doma_panda.pandadb_version VALUES ('PanDA', 0, 0, 18);
"""
"""A part of what upstream's SQL makes."""
FOUND = "This database has 3 tables of version 0.0.18 in PanDA's schemas, but no revision"
TABLES = text(
    "SELECT array_agg(n.nspname || '.' || c.relname ORDER BY 1) FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname LIKE 'doma%' OR n.nspname = 'pandadb'"
)


@pytest.fixture
def upstream(empty_database_url: str) -> Iterator[Database]:
    """A database that upstream's SQL has made."""
    psql(empty_database_url, UPSTREAM)
    with Database(empty_database_url) as database:
        yield database


def tables(database: Database) -> list[str]:
    with database.engine.connect() as connection:
        return connection.scalar(TABLES) or []


@pytest.mark.parametrize(
    "work",
    [
        schema.upgrade,
        lambda database: schema.upgrade(database, "0001"),
        lambda database: schema.downgrade(database, "base"),
        schema.current,
        schema.pending,
        schema.check,
        partitions.maintain,
        archive.run,
    ],
)
def test_tables_that_pandadb_has_not_made_are_refused_before_anything_is_done(
    upstream: Database, work
) -> None:
    before = tables(upstream)

    with pytest.raises(schema.NotStamped) as refused:
        work(upstream)

    assert FOUND in str(refused.value)
    assert "Make a new database" in str(refused.value)
    assert tables(upstream) == before


@pytest.mark.parametrize(
    "words",
    [
        ("db", "upgrade", "--dry-run"),
        ("db", "current"),
        ("db", "check"),
        ("db", "grant"),
        ("db", "fix-sequences"),
        ("partitions", "plan"),
        ("partitions", "maintain"),
        ("archive", "run"),
        ("archive", "status"),
        ("jobs", "kill", "1"),
    ],
)
def test_no_command_misleads_about_a_database_of_upstreams(
    upstream: Database, words: tuple[str, ...]
) -> None:
    ran = pandadb(upstream, *words)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert FOUND in ran.stderr


@pytest.mark.slow
def test_alembic_refuses_a_database_of_upstreams_too(upstream: Database) -> None:
    url = upstream.engine.url.render_as_string(hide_password=False)
    ran = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=schema.home(),
        env={"PANDADB_URL": url, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode != 0
    assert FOUND in ran.stderr
    assert "pandadb.alembic_version" not in tables(upstream)


def test_a_script_stops_at_a_database_of_upstreams(upstream: Database) -> None:
    before = tables(upstream)

    with pytest.raises(AssertionError, match="There are 3 tables in PanDA's schemas"):
        psql(upstream.engine.url.set(drivername="postgresql").render_as_string(False), schema.sql())

    assert tables(upstream) == before


def test_schemas_that_a_dba_has_made_before_are_no_tables(empty_database_url: str) -> None:
    psql(empty_database_url, "CREATE SCHEMA doma_panda; CREATE SCHEMA pandadb")

    with Database(empty_database_url) as database:
        assert schema.current(database).revision is None
        schema.upgrade(database, "0002")
        assert schema.current(database).revision == "0002"


def test_a_stamp_that_is_empty_is_none(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM pandadb.alembic_version"))

    with pytest.raises(schema.NotStamped, match=r"pandadb\.alembic_version is empty"):
        schema.upgrade(database)


def test_who_may_not_read_the_stamp_is_not_kept_from_partitions(
    database: Database, plain_role_url: str
) -> None:
    from sqlalchemy import make_url

    url = make_url(plain_role_url).set(database=database.engine.url.database)
    with Database(url.render_as_string(hide_password=False)) as theirs:
        schema.refuse_unstamped(theirs)


def test_a_script_makes_everything_again_after_a_downgrade_to_base(
    empty_database_url: str, database_url: str
) -> None:
    with Database(empty_database_url) as database:
        schema.upgrade(database, "0003")
        schema.downgrade(database, "base")

        psql(empty_database_url, (schema.home() / "sql" / "schema.sql").read_text())

        version = schema.current(database)
    assert (version.revision, version.pending) == (version.head, ())
    assert dump(empty_database_url) == dump(database_url)


@pytest.mark.slow
def test_a_script_stops_at_a_database_of_another_revision(empty_database_url: str) -> None:
    with Database(empty_database_url) as database:
        schema.upgrade(database, "0001")
        with pytest.raises(AssertionError, match="makes a new database, and this one is at"):
            psql(empty_database_url, schema.sql("0002"))
        with pytest.raises(AssertionError, match="begins at revision 0002"):
            psql(empty_database_url, schema.sql("0002:0003"))

        psql(empty_database_url, schema.sql("0001:0002"))

        assert schema.current(database).revision == "0002"


@pytest.mark.slow
def test_a_lost_stamp_is_written_again_when_the_tables_are_what_the_models_say(
    database: Database,
) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE pandadb.alembic_version"))
    head = schema.history()[-1].revision

    would = pandadb(database, "db", "stamp", "head", "--dry-run")
    assert "was none and would be" in would.stdout
    with pytest.raises(schema.NotStamped):
        schema.current(database)
    done = pandadb(database, "db", "stamp", "head", "--yes")

    assert done.stdout == f"The revision in pandadb.alembic_version was none and is {head}.\n"
    assert schema.current(database).pending == ()
    assert schema.check(database) == []


def test_a_database_that_differs_is_not_stamped(upstream: Database) -> None:
    refused = pandadb(upstream, "db", "stamp", "head", "--yes")

    assert refused.returncode == 1
    assert "differs from the models" in refused.stderr
    assert "pandadb.alembic_version" not in tables(upstream)


def test_a_revision_that_cannot_be_compared_is_stamped_only_unchecked(database: Database) -> None:
    refused = pandadb(database, "db", "stamp", "0028", "--yes")
    assert refused.returncode == 1
    assert "--unchecked" in refused.stderr
    assert pandadb(database, "db", "stamp", "9999", "--yes").returncode == 2

    done = pandadb(database, "db", "stamp", "0028", "--yes", "--unchecked")

    assert done.returncode == 0, done.stderr
    assert schema.current(database).revision == "0028"


def test_a_stamp_asks_first(database: Database) -> None:
    asked = pandadb(database, "db", "stamp", "0028", "--unchecked")

    assert asked.returncode == 1
    assert "pass --yes" in asked.stderr
    assert schema.current(database).pending == ()


def test_who_compares_an_empty_database_changes_nothing(empty_database_url: str) -> None:
    with Database(empty_database_url) as database:
        checked = pandadb(database, "db", "check")

        assert checked.returncode == 1
        assert "no revision" in checked.stderr
        assert "pandadb db upgrade" in checked.stderr
        schema.downgrade(database, "base")
        with pytest.raises(schema.UnknownRevision, match="9999"):
            schema.downgrade(database, "9999")
        with database.engine.connect() as connection:
            assert connection.scalar(text("SELECT to_regnamespace('pandadb') IS NULL"))


@pytest.mark.slow
def test_alembic_compares_an_empty_database_and_changes_nothing(empty_database_url: str) -> None:
    psql(empty_database_url, "CREATE SCHEMA pandadb")
    for command in ("check", "current"):
        ran = subprocess.run(
            [sys.executable, "-m", "alembic", command],
            cwd=schema.home(),
            env={"PANDADB_URL": empty_database_url, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode != 0) == (command == "check"), ran.stderr
    with Database(empty_database_url) as database:
        assert tables(database) == []


def test_only_the_newest_revision_is_compared(database: Database) -> None:
    schema.downgrade(database, "0031")

    checked = pandadb(database, "db", "check")

    assert checked.returncode == 1
    assert "0033 " in checked.stderr
    assert "pandadb db upgrade" in checked.stderr


def test_a_revision_that_is_not_applied_is_nothing_to_go_back_to(database: Database) -> None:
    schema.downgrade(database, "0031")

    for call in (schema.undone, schema.downgrade):
        with pytest.raises(schema.UnknownRevision, match=r"0033 is not applied.* is at 0031"):
            call(database, "0033")


@pytest.mark.slow
def test_a_stamp_gives_no_rights(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []
    monkeypatch.setattr("pandadb.services.grants.give_again", given.append)
    schema.stamp(database, "0030", compared=False)

    schema.stamp(database, "head")

    assert (schema.current(database).pending, given) == ((), [])
    schema.downgrade(database, "0030")
    schema.upgrade(database)
    assert len(given) == 1
