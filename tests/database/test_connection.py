"""Connections: in UTC, with a name and timeouts, and worth another try when one is lost."""

from __future__ import annotations

import time
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, event, insert, select, text
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from pandadb.config import load_settings
from pandadb.core.sql.psycopg_connection import driver_of
from pandadb.database import Database, DatabaseUnreachable
from pandadb.database.pool import PoolExhausted
from pandadb.models import Cache
from pandadb.services import jobs
from tests.factories import make_job


def shown(database: Database, name: str) -> str | None:
    with database.session() as session:
        return session.scalar(text(f"SHOW {name}"))


def test_a_connection_is_in_utc_and_says_who_it_is_and_gives_up_in_time(server_url: str) -> None:
    with Database(
        server_url, application_name="mover", statement_timeout=1.5, lock_timeout=0.25
    ) as database:
        names = ("timezone", "application_name", "statement_timeout", "lock_timeout")
        assert [shown(database, name) for name in names] == ["UTC", "mover", "1500ms", "250ms"]


def test_options_of_the_url_are_kept(server_url: str) -> None:
    joint = "&" if "?" in server_url else "?"
    with Database(f"{server_url}{joint}options=-c%20work_mem%3D5MB") as database:
        assert shown(database, "work_mem") == "5MB"
        assert shown(database, "timezone") == "UTC"


@pytest.mark.parametrize(("word", "threshold"), [("0", 0), ("7", 7), ("none", None)])
def test_the_drivers_own_word_of_a_url_is_a_number_or_none(
    server_url: str, word: str, threshold: int | None
) -> None:
    joint = "&" if "?" in server_url else "?"
    with (
        Database(f"{server_url}{joint}prepare_threshold={word}") as database,
        database.engine.connect() as connection,
    ):
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.prepare_threshold == threshold
        assert connection.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("a:1,b:2/panda", "a,b", "1,2"),
        ("a,b:2/panda", "a,b", ",2"),
        ("/panda?host=a:1&host=b:2", "a,b", "1,2"),
        ("/panda?host=a,b&port=1,2", "a,b", "1,2"),
        ("a:1/panda", "a", "1"),
        ("/panda?host=/run/a%20b&port=1", "/run/a b", "1"),
        ("[::1]:1/panda", "::1", "1"),
    ],
)
def test_the_url_for_other_programs_is_one_that_libpq_reads(url: str, host: str, port: str) -> None:
    with Database(f"postgresql://me:se%20cret+@{url}") as database:
        read = conninfo_to_dict(database.libpq_url())
        without = conninfo_to_dict(database.libpq_url(hint=False))

    assert (read["host"], read["port"], read["user"], read["dbname"]) == (host, port, "me", "panda")
    assert read.pop("password") == "***"
    assert read == without


def test_a_session_is_one_transaction(database: Database) -> None:
    with database.session() as session:
        session.add(Cache(main_key="kept", sub_key=""))

    def fail() -> None:
        with database.session() as session:
            session.add(Cache(main_key="lost", sub_key=""))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with database.session() as session:
        assert [row.main_key for row in session.query(Cache)] == ["kept"]


def keep(connection: Connection, name: str) -> None:
    connection.execute(insert(Cache), {"main_key": name, "sub_key": ""})


def fail(database: Database, name: str, *, first: str = "", **words: bool) -> None:
    """Keep a name, and then have a mistake."""
    with database.transaction(**words) as connection:
        connection.execute(text(first))
        keep(connection, name)
        raise ZeroDivisionError


def names(database: Database) -> list[str]:
    with database.session() as session:
        return [*session.scalars(select(Cache.main_key).order_by(Cache.main_key))]


def test_a_transaction_without_a_session_is_one_too(database: Database) -> None:
    with database.transaction() as connection:
        keep(connection, "kept")
        assert names(database) == []

    with pytest.raises(ZeroDivisionError):
        fail(database, "lost")

    assert names(database) == ["kept"]


def test_each_statement_at_once_is_a_transaction(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        fail(database, "kept", at_once=True)
    assert names(database) == ["kept"]

    with pytest.raises(ZeroDivisionError):
        fail(database, "lost")  # by the same connection, which is as it was before
    assert names(database) == ["kept"]


def test_a_connection_that_is_left_in_a_transaction_is_not_used_again(database: Database) -> None:
    with database.transaction() as connection:
        driver = driver_of(connection)
    with pytest.raises(ZeroDivisionError):
        fail(database, "lost", at_once=True, first="BEGIN")

    with database.transaction() as connection:
        assert driver_of(connection) is not driver
        assert not driver_of(connection).autocommit
    assert names(database) == []


def test_a_connection_that_is_lost_at_once_is_replaced(database: Database) -> None:
    with pytest.raises(OperationalError), database.transaction(at_once=True) as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    assert names(database) == []


def test_a_transaction_by_index_is_planned_without_scans_of_whole_tables(
    database: Database,
) -> None:
    plan = text("EXPLAIN SELECT FROM doma_panda.cache WHERE main_key = 'kept'")
    with database.transaction() as connection:
        connection.execute(text("TRUNCATE doma_panda.cache"))
    with database.transaction(at_once=True) as connection:
        driver_of(connection).execute("VACUUM doma_panda.cache")

    with database.transaction() as connection:
        assert "Seq Scan" in str(connection.scalar(plan))
    with database.transaction(by_index=True) as connection:
        assert "Index" in str(connection.scalar(plan))
        assert connection.scalar(text("SHOW jit")) == "off"
        keep(connection, "kept")
        assert names(database) == []
    with database.transaction() as connection:
        assert connection.scalar(text("SHOW enable_seqscan")) == "on"
    assert names(database) == ["kept"]


def test_a_transaction_by_index_that_fails_is_undone(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        fail(database, "lost", by_index=True)
    with pytest.raises(ProgrammingError):
        fail(database, "lost", by_index=True, first="SELECT nothing")
    with pytest.raises(OperationalError), database.transaction(by_index=True) as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    assert names(database) == []


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "autocommit"])
def test_statements_that_commit_by_themselves_are_refused(server_url: str, level: str) -> None:
    with pytest.raises(ValueError, match="leaves nothing to undo"):
        Database(server_url, isolation_level=level)
    with pytest.raises(ValueError, match="leaves nothing to undo"):
        Database(server_url, execution_options={"isolation_level": level})
    with Database(server_url) as database:
        database.engine.update_execution_options(isolation_level=level)
        with pytest.raises(ValueError, match="leaves nothing to undo"), database.session():
            pass
        with pytest.raises(ValueError, match="leaves nothing to undo"), database.transaction():
            pass


@pytest.mark.parametrize("level", ["REPEATABLE READ", "serializable", "READ_UNCOMMITTED"])
def test_a_database_that_does_not_see_what_others_commit_is_refused(
    server_url: str, level: str
) -> None:
    with pytest.raises(ValueError, match=f"{level}' is not for a whole Database"):
        Database(server_url, isolation_level=level)
    with Database(server_url, isolation_level="READ COMMITTED") as database:
        database.ping()
        database.engine.update_execution_options(isolation_level=level)
        with pytest.raises(ValueError, match=f"{level}' is not"), database.transaction():
            pass


def test_a_dry_run_that_would_be_real_is_refused(database: Database) -> None:
    with database.session() as session:
        job = make_job(session, "defined")

    @event.listens_for(database.engine, "engine_connect")
    def commit_at_once(connection: Connection) -> None:
        connection.execution_options(isolation_level="AUTOCOMMIT")

    with pytest.raises(ValueError, match="leaves nothing to undo"):
        jobs.activate(database, job, jobs.VerbOptions(dry_run=True))

    assert jobs.get(database, job)["jobstatus"] == "defined"


def test_a_pool_that_is_exhausted_is_a_sentence(server_url: str) -> None:
    settings = load_settings(url=server_url, pool_size=1, pool_overflow=1, pool_timeout=0.1)
    with (
        Database.from_settings(settings) as database,
        database.transaction(),
        database.session() as session,
    ):
        session.execute(text("SELECT 1"))
        with pytest.raises(
            PoolExhausted, match=r"^All 2 connections .* within 0.1 s: .* raise PANDADB_POOL_SIZE$"
        ):
            database.ping()


def test_words_for_the_engine_override_the_settings(server_url: str) -> None:
    settings = load_settings(url=server_url, pool_size=1)
    with Database.from_settings(settings, pool_size=2, max_overflow=0) as database:
        assert database.engine.pool.status().startswith("Pool size: 2 ")
    with Database.from_settings(settings, poolclass=NullPool) as database:
        database.ping()
        assert isinstance(database.engine.pool, NullPool)


def test_a_connection_that_is_older_than_the_settings_say_is_replaced(server_url: str) -> None:
    settings = load_settings(url=server_url, pool_recycle=0.001)
    with Database.from_settings(settings) as database:
        with database.transaction() as connection:
            first = driver_of(connection)
        connected = time.time()
        while time.time() - connected < 0.002:
            pass
        with database.transaction() as connection:
            assert driver_of(connection) is not first


def test_other_schema_names_are_used_where_the_settings_say_so(empty_database_url: str) -> None:
    with Database(empty_database_url, schemas={"doma_panda": "ATLAS_PANDA"}) as database:
        with database.session() as session:
            session.execute(text('CREATE SCHEMA "ATLAS_PANDA"'))
            session.execute(
                text(
                    'CREATE TABLE "ATLAS_PANDA".cache (main_key text, sub_key text, data text,'
                    " last_update timestamp)"
                )
            )
            session.add(Cache(main_key="a", sub_key="b"))
        with database.session() as session:
            assert session.scalar(text('SELECT count(*) FROM "ATLAS_PANDA".cache')) == 1
            assert session.query(Cache).one().main_key == "a"


def test_a_serialization_failure_is_tried_again(database: Database) -> None:
    with database.session() as session:
        session.add(Cache(main_key="counter", sub_key="", data="0"))
    tries = []

    def add_one(session: Session) -> str:
        tries.append(1)
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        counter = session.query(Cache).one()
        if len(tries) == 1:
            with database.session() as other:
                other.query(Cache).one().data = "10"
        counter.data = str(int(counter.data or 0) + 1)
        session.flush()
        return counter.data

    assert database.retrying(add_one, pause=0.01) == "11"
    assert len(tries) == 2


def test_a_lost_connection_is_tried_again(database: Database) -> None:
    tries = []

    def work(session: Session) -> int | None:
        tries.append(1)
        if len(tries) == 1:
            with database.session() as other:
                pid = session.scalar(text("SELECT pg_backend_pid()"))
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        return session.scalar(text("SELECT 1"))

    assert database.retrying(work, pause=0.01) == 1
    assert len(tries) == 2


def lose_connection(database: Database) -> None:
    """Have the server end the connection that the pool keeps."""
    with database.session() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
    with Database(database.engine.url) as other, other.session() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def test_an_idle_connection_that_was_lost_is_replaced(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pandadb.database.engine.PRE_PING_AFTER", 0.0)
    lose_connection(database)

    assert shown(database, "timezone") == "UTC"


def test_an_idle_connection_keeps_what_it_has_prepared(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pandadb.database.engine.PRE_PING_AFTER", 0.0)
    prepared = text("SELECT count(*) FROM pg_prepared_statements")

    counts = []
    for _ in range(8):  # psycopg prepares what it has sent five times
        with database.session() as session:
            counts.append(session.scalar(prepared))

    assert counts == [0] * 5 + [1] * 3


def look(database: Database, times: int = 1) -> None:
    """Read a table without a transaction; psycopg prepares what it has sent five times."""
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        for _ in range(times):
            connection.execute(text("SELECT name FROM public.changing")).all()


@pytest.fixture
def prepared(database: Database) -> None:
    with database.session() as session:
        session.execute(text("CREATE TABLE public.changing (name varchar(5))"))
    look(database, times=6)


@pytest.mark.usefixtures("prepared")
def test_a_statement_is_prepared_anew_after_its_table_has_changed(database: Database) -> None:
    with Database(database.engine.url) as other, other.session() as session:
        session.execute(text("ALTER TABLE public.changing ALTER COLUMN name TYPE varchar(6)"))

    with pytest.raises(NotSupportedError, match="cached plan"):
        look(database)
    look(database)


@pytest.mark.usefixtures("prepared")
def test_a_statement_that_the_server_has_forgotten_is_prepared_anew(database: Database) -> None:
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.pgconn.exec_(b"DEALLOCATE ALL")  # as a pooler does between its clients

    with pytest.raises(DBAPIError, match="does not exist"):
        look(database)
    look(database)


def test_a_transaction_on_an_idle_connection_is_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin() -> None:
        with database.session() as session:
            session.execute(text("CREATE TABLE public.undone ()"))
            raise ZeroDivisionError

    monkeypatch.setattr("pandadb.database.engine.PRE_PING_AFTER", 0.0)
    database.ping()
    with pytest.raises(ZeroDivisionError):
        begin()

    with database.session() as session:
        assert session.scalar(text("SELECT to_regclass('public.undone')")) is None


def test_a_connection_that_was_just_used_is_not_asked_whether_it_lives(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pandadb.database.engine.PRE_PING_AFTER", 60.0)
    lose_connection(database)

    with pytest.raises(OperationalError, match="terminating connection"):
        database.ping()
    assert database.retrying(lambda session: session.scalar(text("SELECT 1"))) == 1


def test_what_another_try_cannot_cure_is_raised_at_once(database: Database) -> None:
    tries = []

    def work(session: Session) -> None:
        tries.append(1)
        session.add_all([Cache(main_key="a", sub_key="a"), Cache(main_key="a", sub_key="a")])
        session.flush()

    with pytest.raises(IntegrityError):
        database.retrying(work)
    assert len(tries) == 1


def test_after_the_last_try_the_error_is_raised(database: Database) -> None:
    tries = []

    def work(session: Session) -> None:
        tries.append(1)
        session.execute(text("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"))

    with pytest.raises(DBAPIError):
        database.retrying(work, attempts=3, pause=0.01)
    assert len(tries) == 3


def test_a_statement_that_takes_too_long_is_given_up(server_url: str) -> None:
    with (
        Database(server_url, statement_timeout=0.2) as database,
        pytest.raises(OperationalError, match="statement timeout"),
        database.session() as session,
    ):
        session.execute(text("SELECT pg_sleep(5)"))


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://me:secret@127.0.0.1:1/panda", "'panda' on 127.0.0.1:1 cannot"),
        ("postgresql://me:secret@127.0.0.1:1,127.0.0.1:2/panda", "on 127.0.0.1:1, 127.0.0.1:2"),
        ("postgresql://me:secret@/panda?host=/nowhere", "'panda' on /nowhere"),
    ],
)
def test_a_server_that_does_not_answer_is_a_sentence_without_the_password(
    url: str, place: str
) -> None:
    with Database(url) as database, pytest.raises(DatabaseUnreachable) as caught:
        database.ping()

    assert place in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_timeout_while_connecting_is_no_server_that_does_not_answer(server_url: str) -> None:
    # An event stands for the driver's first statement, which a tiny timeout may or may not hit.
    with Database(server_url, statement_timeout=0.1) as database:

        @event.listens_for(database.engine, "connect", insert=True)
        def be_slow(connection: Any, _record: Any) -> None:
            connection.execute("SELECT pg_sleep(5)")

        with pytest.raises(Exception, match="statement timeout") as caught:
            database.ping()

    assert not isinstance(caught.value, DatabaseUnreachable)
    assert getattr(caught.value, "orig", caught.value).sqlstate == "57014"


def test_a_database_that_is_not_there_is_a_sentence(server_url: str) -> None:
    with Database(server_url) as server:
        url = server.engine.url.set(database="nowhere")
    with Database(url) as database, pytest.raises(DatabaseUnreachable, match="does not exist"):
        database.ping()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@db/panda",
        "postgresql://me@db/panda?password=secret&sslpassword=secret",
    ],
)
def test_a_database_shows_no_password(url: str) -> None:
    with Database(url) as database:
        assert "secret" not in f"{database!r} {database.engine!r} {database.engine.url!r}"


def test_the_shortest_timeout_is_not_none_at_all(server_url: str) -> None:
    with Database(server_url, lock_timeout=0.0001) as database:
        assert shown(database, "lock_timeout") == "1ms"


def test_a_server_that_was_never_there_is_not_waited_for() -> None:
    start = time.monotonic()
    with (
        Database("postgresql://me@127.0.0.1:1/panda") as database,
        pytest.raises(DatabaseUnreachable),
    ):
        database.retrying(lambda session: session.scalar(text("SELECT 1")), pause=30)
    assert time.monotonic() - start < 10


def test_the_settings_name_the_database(database_url: str) -> None:
    settings = load_settings(url=database_url, application_name="me", lock_timeout=1)
    with Database.from_settings(settings) as database:
        database.ping()
        assert shown(database, "application_name") == "me"
        assert shown(database, "lock_timeout") == "1s"
