"""Behind PgBouncer, which gives a session to others between two transactions."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text

from pandadb.config import SettingsError, load_settings
from pandadb.database import Database, DatabaseUnreachable
from pandadb.database.pooler import PoolerInTheWay, PreparedTwice
from pandadb.services import archive, jobs, partitions, schema
from pandadb.services.jobs import DispatchRequest, Heartbeat, NewJob, VerbOptions
from pandadb.session_settings import CHECKED_SETTINGS, SETTINGS, TIMEOUTS, InvalidSessionSetting
from tests.database.test_session_settings import alter_database, hostile_for
from tests.databases import admin
from tests.factories import make_job
from tests.poolers import pooler

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="PgBouncer of Debian")
HARMFUL_TO_THE_POOLER = (
    *TIMEOUTS, "statement_timeout", "lock_timeout", "exit_on_error",
    "transaction_timeout",  # of 10 ms: a transaction ends before it is given its settings
)  # fmt: skip


@pytest.fixture
def through(database_url: str) -> Iterator[str]:
    """The URL through the pooler, of a database that says what it can against us."""
    settings = hostile_for(database_url)
    alter_database(
        database_url, **{n: v for n, v in settings.items() if n not in HARMFUL_TO_THE_POOLER}
    )
    with pooler(database_url) as url:
        yield url


@pytest.fixture
def pooled(through: str, database_url: str) -> Iterator[Database]:
    with Database(through, pooler="transaction", direct_url=database_url) as database:
        yield database


@pytest.mark.slow
def test_many_lives_at_once(pooled: Database) -> None:
    """Eight threads have three sessions."""

    def live(number: int) -> list[int]:
        site = f"SITE{number}"
        done = []
        for _ in range(5):
            new = NewJob({"computingsite": site}, [{"type": "log"}], "-n 5")
            (job,) = jobs.submit(pooled, [new])
            jobs.activate(pooled, job)
            (taken,) = jobs.dispatch(pooled, DispatchRequest(site))
            assert (taken.pandaid, taken.job["computingsite"]) == (job, site)
            jobs.heartbeat(pooled, [Heartbeat(job, "running")])
            jobs.finish(pooled, job)
            done.append(job)
        return done

    with ThreadPoolExecutor(8) as threads:
        ended = [job for found in threads.map(live, range(8)) for job in found]

    assert len({*ended}) == 40
    states = {jobs.get(pooled, job)["jobstatus"] for job in ended}
    assert states == {"finished"}
    changed = jobs.get(pooled, ended[0])["modificationtime"]
    assert abs(datetime.now(UTC).replace(tzinfo=None) - changed) < timedelta(hours=1)


def test_a_transaction_has_our_settings_and_a_session_keeps_none(
    pooled: Database, through: str
) -> None:
    ours = {**SETTINGS, **{name: wanted for name, (wanted, _) in CHECKED_SETTINGS.items()}}
    ours |= {"synchronous_commit": "on", "transaction_isolation": "read committed"}
    names = [*SETTINGS, "synchronous_commit", "session_replication_role", "transaction_isolation"]
    for at_once in (False, True):
        with pooled.transaction(at_once=at_once) as connection:
            found = {name: connection.scalar(text(f"SHOW {name}")) for name in names}
        assert found == {name: ours[name] for name in names}
    with pooled.session() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        assert session.scalar(text("SHOW transaction_isolation")) == "repeatable read"

    with psycopg.connect(through, autocommit=True, prepare_threshold=None) as other:
        for name in ("row_security", "transform_null_equals"):
            assert other.execute(f"SHOW {name}").fetchone() == ("on",)
        statements = other.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
        assert statements == (0,)


def test_timeouts_are_ours(through: str) -> None:
    with (
        Database(through, pooler="transaction", lock_timeout=1.5) as database,
        database.session() as session,
    ):
        assert session.scalar(text("SHOW lock_timeout")) == "1500ms"


def test_a_dry_run_changes_nothing(pooled: Database) -> None:
    with pooled.session() as session:
        job = make_job(session, "defined")

    jobs.activate(pooled, job, VerbOptions(dry_run=True))

    assert jobs.get(pooled, job)["jobstatus"] == "defined"


@pytest.mark.slow
def test_what_needs_a_session_goes_past_the_pooler(pooled: Database) -> None:
    schema.downgrade(pooled, "-1")
    schema.upgrade(pooled)
    assert schema.check(pooled) == []

    with pooled.session() as session:
        old = datetime.combine(date.today() - timedelta(50), datetime.min.time())  # noqa: DTZ011
        job = make_job(session, "finished", modificationtime=old)
    partitions.maintain(pooled, drain=True)
    assert len(archive.run(pooled).done) == 1
    assert jobs.get(pooled, job)["jobstatus"] == "finished"


def test_what_needs_a_session_is_refused_by_name_without_a_url_past_the_pooler(
    through: str,
) -> None:
    with Database(through, pooler="transaction") as database:
        with pytest.raises(PoolerInTheWay, match=r"^A migration needs .* PANDADB_DIRECT_URL"):
            schema.check(database)
        with pytest.raises(PoolerInTheWay, match=r"^An advisory lock needs"):
            archive.run(database)
        with (
            database.engine.connect() as connection,
            pytest.raises(PoolerInTheWay, match=r"^A statement without a transaction needs"),
        ):
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("SELECT 1"))


def test_a_pooler_that_nobody_has_told_of_is_a_sentence(database_url: str, through: str) -> None:
    with (
        Database(through) as database,
        pytest.raises(DatabaseUnreachable, match=r"set PANDADB_POOLER=transaction$"),
    ):
        database.ping()
    with (
        pooler(database_url, ignored="options") as drops,
        Database(drops) as database,
        pytest.raises(InvalidSessionSetting, match=r"pgbouncer drops them. Set PANDADB_POOLER"),
    ):
        database.ping()


def test_statements_that_others_have_prepared_are_a_sentence(database: Database) -> None:
    with database.session() as session:
        session.execute(text("PREPARE one AS SELECT 1"))
        with pytest.raises(PreparedTwice, match="set PANDADB_POOLER=transaction"):
            session.execute(text("PREPARE one AS SELECT 1"))


def test_settings_that_the_role_may_not_have_are_refused(
    plain_role_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with admin(plain_role_url) as connection:
        is_super = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(is_super).fetchone() == (False,)
    monkeypatch.setitem(
        CHECKED_SETTINGS, "session_replication_role", ("local", "triggers do not fire")
    )
    with (
        pooler(plain_role_url) as url,
        Database(url, pooler="transaction") as database,
        pytest.raises(InvalidSessionSetting, match='parameter "session_replication_role"'),
    ):
        database.ping()


def test_the_settings_name_the_pooler(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANDADB_URL", database_url)
    monkeypatch.setenv("PANDADB_DIRECT_URL", database_url)
    with Database.from_settings() as database:
        assert database.direct("it") is database
    monkeypatch.setenv("PANDADB_POOLER", "transaction")
    with Database.from_settings() as database:
        assert database.direct("it") is not database
        assert database.pooler == "transaction"
    monkeypatch.setenv("PANDADB_POOLER", "session")
    with pytest.raises(SettingsError, match="PANDADB_POOLER is 'session'"):
        load_settings()


def test_options_of_the_url_are_refused_behind_a_pooler() -> None:
    with pytest.raises(SettingsError, match="has options, which a pooler drops: -c work_mem=5MB"):
        Database("postgresql://db/panda?options=-c%20work_mem%3D5MB", pooler="transaction")
