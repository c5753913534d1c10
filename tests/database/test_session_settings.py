"""Settings of roles and databases that would change what pandadb does: they do not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from pandadb.core.archive import ledger, proofs
from pandadb.core.archive.checksums import fingerprint
from pandadb.core.archive.layout import ARCHIVE_OF, Part
from pandadb.database import Database
from pandadb.services import archive, grants, jobs, partitions, schema
from pandadb.services.archive import CheckResult, GracePeriods, Limits
from pandadb.services.jobs import DispatchRequest, Heartbeat, NewJob
from pandadb.services.locks import LockPolicy
from pandadb.session_settings import (
    CHECKED_SETTINGS,
    HARMLESS,
    SETTINGS,
    TIMEOUTS,
    InvalidSessionSetting,
)
from tests.databases import admin, render, temporary_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.databases import Server

HOSTILE = {
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "iso_8601",
    "TimeZone": "Asia/Tokyo",
    "timezone_abbreviations": "Australia",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "xmlbinary": "hex",
    "xmloption": "document",
    "lc_monetary": "C.UTF-8",
    "lc_numeric": "C.UTF-8",
    "lc_time": "C.UTF-8",
    "gin_fuzzy_search_limit": "1",
    "row_security": "on",
    "enable_partition_pruning": "off",
    "constraint_exclusion": "off",
    "plan_cache_mode": "force_generic_plan",
    "search_path": "doma_panda, doma_pandaarch, pandadb",
    "array_nulls": "off",
    "backslash_quote": "off",
    "standard_conforming_strings": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "exit_on_error": "on",
    "check_function_bodies": "off",
    "default_table_access_method": "other_heap",
    "idle_in_transaction_session_timeout": "10",
    "idle_session_timeout": "10",
    "statement_timeout": "1",
    "lock_timeout": "1",
    "client_min_messages": "debug1",
    "synchronous_commit": "off",
    "session_replication_role": "replica",
    "zero_damaged_pages": "on",
    "ignore_checksum_failure": "on",
}
NEWER = {"restrict_nonsystem_relation_kind": "view, foreign-table", "transaction_timeout": "10"}
TODAY = datetime.now(UTC).date()
OLD = TODAY - timedelta(50)
ROWS = (
    "INSERT INTO doma_panda.jobsarchived4 (pandaid, jobstatus, modificationtime, computingsite)"
    " SELECT n, 'finished', :at, CASE WHEN n % 2 = 0 THEN 'CERN' ELSE 'DESY' END"
    " FROM generate_series(1, 6) AS n",
    "INSERT INTO doma_panda.filestable4 (row_id, pandaid, modificationtime, type)"
    " SELECT n, n, :at, 'log' FROM generate_series(1, 6) AS n",
    "INSERT INTO doma_panda.jobparamstable (pandaid, modificationtime, jobparameters)"
    " SELECT n, :at, '-n 5' FROM generate_series(1, 6) AS n",
    "INSERT INTO doma_panda.metatable (pandaid, modificationtime, metadata)"
    " SELECT n, :at, '{}' FROM generate_series(1, 6) AS n",
)
AT_ONCE = GracePeriods.of_days(0, 0)


def alter_database(url: str, **settings: str) -> None:
    """Have sessions of a database begin with settings; those that the server knows."""
    with admin(url) as connection:
        connection.execute(
            "CREATE ACCESS METHOD other_heap TYPE TABLE HANDLER heap_tableam_handler"
        )
        for name, value in settings.items():
            values = SQL(", ").join(map(Literal, value.split(", ")))
            connection.execute(
                SQL("ALTER DATABASE {} SET {} = {}").format(
                    Identifier(connection.info.dbname), Identifier(name), values
                )
            )


def patient(url: str) -> psycopg.Connection:
    """Connect as others do, but for what would end the connection."""
    names = [*TIMEOUTS, "statement_timeout", "lock_timeout"]
    with psycopg.connect(url) as known:
        if known.info.server_version >= 17_00_00:
            names.append("transaction_timeout")
    return psycopg.connect(url, options=" ".join(f"-c {name}=0" for name in names))


def hostile_for(url: str) -> dict[str, str]:
    with patient(url) as connection:
        query = "SELECT name FROM pg_settings WHERE name = ANY(%s)"
        newer = connection.execute(query, [[*NEWER]]).fetchall()
    return {**HOSTILE, **{name: NEWER[name] for (name,) in newer}}


@pytest.fixture
def hostile_url(database_url: str) -> str:
    """The URL of a database where every setting that we know has a hostile value."""
    alter_database(database_url, **hostile_for(database_url))
    return database_url


@pytest.fixture
def hostile(hostile_url: str) -> Iterator[Database]:
    with Database(hostile_url) as opened:
        yield opened


@pytest.fixture
def hostile_archive(server: Server, template: str) -> Iterator[Database]:
    with temporary_database(server, template) as url:
        alter_database(url, **hostile_for(url))
        with Database(url) as opened:
            yield opened


def do(database: Database, *statements: str) -> None:
    with database.session() as session:
        for statement in statements:
            session.execute(text(statement), {"at": f"{OLD} 12:00"})


def scalar(database: Database, query: str) -> Any:
    with database.session() as session:
        return session.scalar(text(query))


def shown(database: Database, name: str) -> Any:
    return scalar(database, f"SHOW {name}")


def test_every_setting_that_a_role_may_have_is_set_or_known_to_be_harmless(server_url: str) -> None:
    with psycopg.connect(server_url) as connection:
        connection.execute("LOAD 'plpgsql'")
        query = "SELECT name FROM pg_settings WHERE context = 'user'"
        names = {name for (name,) in connection.execute(query)}

    ours = {*SETTINGS, *TIMEOUTS, *CHECKED_SETTINGS}
    assert names - ours - {*HARMLESS} == set()
    assert ours & {*HARMLESS} == set()
    assert {*SETTINGS, *TIMEOUTS, *CHECKED_SETTINGS} - {*HOSTILE} - {*NEWER} == set()


def test_settings_of_the_database_are_overridden(hostile: Database, hostile_url: str) -> None:
    ours = {
        **SETTINGS,
        **TIMEOUTS,
        **{name: wanted for name, (wanted, _) in CHECKED_SETTINGS.items()},
    }
    ours |= {"synchronous_commit": "on", "statement_timeout": "0", "lock_timeout": "0"}
    names = [name for name in hostile_for(hostile_url) if name in ours]

    assert {name: shown(hostile, name) for name in names} == {name: ours[name] for name in names}
    names = [name for name in names if "timeout" not in name]
    with patient(hostile_url) as plain:  # without ours they are what the database says
        found = {name: plain.execute(f"SHOW {name}").fetchone() for name in names}
    assert [name for name, (value,) in found.items() if value == ours[name]] == []


def test_what_the_environment_says_to_the_clients_library_is_overridden(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGDATESTYLE", "German")
    monkeypatch.setenv("PGOPTIONS", "-c row_security=on")

    with Database(server_url) as database:
        names = ("TimeZone", "DateStyle", "row_security")
        assert [shown(database, name) for name in names] == ["UTC", "ISO, MDY", "off"]


def live(database: Database) -> int:
    """Take a job from its submission to its end; return its PandaID."""
    new = NewJob({"computingsite": "CERN", "prodsourcelabel": "user"}, [{"type": "log"}], "-n 5")
    (job, other) = jobs.submit(database, [new, new])
    jobs.activate(database, [job, other])
    (taken,) = jobs.dispatch(database, DispatchRequest("CERN", 1))
    assert (taken.pandaid, taken.parameters) == (job, "-n 5")
    jobs.heartbeat(database, [Heartbeat(job, "running", metadata="{}")])
    jobs.finish(database, job)
    jobs.kill(database, [other], by="me")
    jobs.retry(database, [other])
    return job


def test_a_life_is_what_it_is_elsewhere(hostile: Database) -> None:
    job = live(hostile)

    age = datetime.now(UTC).replace(tzinfo=None) - jobs.get(hostile, job)["modificationtime"]
    assert abs(age) < timedelta(hours=1)  # UTC, whatever the time in Tokyo is


@pytest.mark.slow
def test_partitions_and_the_archive_in_the_same_database(hostile: Database) -> None:
    do(hostile, *ROWS)
    partitions.maintain(hostile, tables=[*ARCHIVE_OF], drain=True)

    ran = archive.run(hostile)

    assert len(ran.done) == 1
    assert {one.found for one in archive.verify(hostile)} == {CheckResult.SAME}
    assert schema.check(hostile) == []
    archive.restore(hostile, OLD)
    assert scalar(hostile, "SELECT count(*) FROM doma_panda.jobsarchived4") == 6
    assert schema.check(hostile) == []


@pytest.mark.slow
def test_the_archive_in_another_database(hostile: Database, hostile_archive: Database) -> None:
    do(hostile, *ROWS)
    partitions.maintain(hostile, tables=[*ARCHIVE_OF], drain=True)

    for _ in range(2):
        ran = archive.run(hostile, archive=hostile_archive, waits=AT_ONCE)

    assert len(ran.dropped) == 4
    assert scalar(hostile_archive, "SELECT count(*) FROM doma_pandaarch.jobsarchived") == 6
    verified = archive.verify(hostile, archive=hostile_archive)
    assert {one.found for one in verified} == {CheckResult.SAME}
    assert schema.check(hostile) == schema.check(hostile_archive) == []


@pytest.mark.slow
def test_the_schema_goes_down_and_up(hostile: Database) -> None:
    schema.downgrade(hostile, "base")
    schema.upgrade(hostile)

    assert schema.check(hostile) == []
    assert scalar(hostile, "SELECT count(DISTINCT relam) FROM pg_class WHERE relkind = 'r'") == 1


@pytest.mark.slow
def test_alembic_from_a_checkout_works_in_the_same_sessions(hostile_url: str) -> None:
    words = ("current", "downgrade -1", "upgrade head", "check")
    program = f"from alembic.config import main\nfor typed in {words}: main(typed.split())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PANDADB_URL": hostile_url}, cwd=schema.home(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "No new upgrade operations detected" in done.stdout + done.stderr


@pytest.mark.slow
def test_psql_is_opened_with_what_gives_rows_their_meaning(hostile_url: str) -> None:
    query = "SELECT concat_ws(' ', current_setting('TimeZone'), current_setting('row_security'))"
    done = subprocess.run(
        [Path(sys.executable).with_name("pandadb"), "db", "psql", "-XAtc", query],
        env={**os.environ, "PANDADB_URL": hostile_url, "PGTZ": "Asia/Tokyo",
             "PGOPTIONS": "-c statement_timeout=0"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stdout == "UTC off\n", done.stderr


def test_a_role_whose_triggers_do_not_fire_is_refused(server: Server, plain_role_url: str) -> None:
    role = str(make_url(plain_role_url).username)
    statement = SQL("ALTER ROLE {} SET session_replication_role = replica").format(Identifier(role))
    with admin(server.url) as connection:
        connection.execute(statement)

    with Database(plain_role_url) as database, pytest.raises(InvalidSessionSetting) as refused:
        database.ping()

    assert f"session_replication_role is 'replica' for {role}" in str(refused.value)
    assert f"ALTER ROLE {role} RESET session_replication_role" in str(refused.value)


def test_a_commit_that_is_not_on_the_disk_has_to_be_asked_for(hostile_url: str) -> None:
    asked = make_url(hostile_url).update_query_dict({"options": "-c synchronous_commit=off"})
    with Database(hostile_url) as usual, Database(asked) as database:
        assert shown(usual, "synchronous_commit") == "on"
        assert shown(database, "synchronous_commit") == "off"


def test_a_database_that_nobody_may_write_is_not_written(database_url: str) -> None:
    with Database(database_url) as database:
        live(database)
    alter_database(database_url, default_transaction_read_only="on")

    with Database(database_url) as database:
        with pytest.raises(DBAPIError, match="read-only transaction"):
            jobs.dispatch(database, DispatchRequest("CERN", 1))
        assert scalar(database, "SELECT count(*) FROM doma_panda.jobsactive4") >= 1


@pytest.mark.slow
def test_what_is_deleted_while_the_archiver_waits_for_a_lock_is_seen(
    database: Database, hostile_archive: Database
) -> None:
    limits = Limits(locks=LockPolicy(writers=60.0))
    do(database, *ROWS)
    partitions.maintain(database, tables=[*ARCHIVE_OF], drain=True)
    archive.run(database, archive=hostile_archive, waits=GracePeriods.of_days(1, 1))
    ran: list[Any] = []

    def work() -> None:
        ran.append(archive.run(database, archive=hostile_archive, waits=AT_ONCE, limits=limits))

    thread = threading.Thread(target=work)
    with hostile_archive.session() as session:
        session.execute(text("DELETE FROM doma_pandaarch.jobsarchived WHERE pandaid = 3"))
        thread.start()
        wait_for_waiters(hostile_archive)
    thread.join(60)

    assert ran
    assert f"jobsarchived4_p{OLD:%Y_%m_%d}" not in ran[0].dropped
    assert scalar(database, "SELECT count(*) FROM doma_panda.jobsarchived4") == 6


def wait_for_waiters(database: Database) -> None:
    """Wait until a session of a database waits for a lock of another."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND cardinality(pg_blocking_pids(pid)) > 0"
    )
    end = datetime.now(UTC) + timedelta(seconds=60)
    while datetime.now(UTC) < end:
        with database.session() as session:
            if session.scalar(query):
                return
    raise AssertionError("nobody waits")


@pytest.fixture
def hidden(database_url: str, prefix: str) -> Iterator[tuple[Database, str]]:
    """A database of a plain owner from whom a policy hides a site; and the owner's prefix."""
    with Database(database_url) as database:
        do(database, *ROWS)
        partitions.maintain(database, tables=[*ARCHIVE_OF], drain=True)
        grants.grant(database, prefix)
        hide = "USING (computingsite <> 'DESY')"
        partition = f"jobsarchived4_p{OLD:%Y_%m_%d}"
        for table in ("jobsarchived4", partition):
            do(
                database,
                f"CREATE POLICY hiding ON doma_panda.{table} {hide}",
                f"ALTER TABLE doma_panda.{table} ENABLE ROW LEVEL SECURITY",
                f"ALTER TABLE doma_panda.{table} FORCE ROW LEVEL SECURITY",
            )
        with admin(database_url) as connection:
            connection.execute(
                SQL("ALTER ROLE {} LOGIN PASSWORD 'secret'").format(Identifier(prefix))
            )
        url = make_url(database_url).set(username=prefix, password="secret")
        with Database(render(url)) as opened:
            yield opened, prefix


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", [False, True])
def test_rows_that_a_policy_hides_are_not_dropped(
    hidden: tuple[Database, str], hostile_archive: Database, database: Database, elsewhere: bool
) -> None:
    owner, _ = hidden
    words: Any = {"archive": hostile_archive, "waits": AT_ONCE} if elsewhere else {}

    for _ in range(2):
        ran = archive.run(owner, **words)
        assert ran.done == []
        assert "row-level security" in ran.failed[0].why

    assert scalar(database, "SELECT count(*) FROM doma_panda.jobsarchived4") == 6


def test_the_guard_drops_no_rows_that_a_policy_hides(
    hidden: tuple[Database, str], database: Database
) -> None:
    owner, _ = hidden
    live = "doma_panda.jobsarchived4"
    lower = datetime(OLD.year, OLD.month, OLD.day)
    name = f"jobsarchived4_p{OLD:%Y_%m_%d}"
    part = Part(lower, lower + timedelta(1), live, ARCHIVE_OF[live], "doma_panda", name)
    with owner.session() as session:
        session.execute(text("SET LOCAL row_security = on"))
        seen = fingerprint(session, "doma_panda", name)
        proofs.prove(session, part, proofs.COPY, seen, seen)
        ledger.enter(session, part, "Y", is_gone=False)

    def drop() -> None:
        with owner.session() as session:
            session.execute(text("SET LOCAL row_security = on"))
            session.execute(text(f"SELECT pandadb.drop_archived('jobsarchived4', '{name}')"))

    with pytest.raises(DBAPIError, match="row-level security"):
        drop()
    assert seen.rows == 3
    assert scalar(database, "SELECT count(*) FROM doma_panda.jobsarchived4") == 6
