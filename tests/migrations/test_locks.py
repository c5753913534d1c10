"""Migrations of a database that is in use: readers and writers go on, and nobody waits long."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import text

from pandadb.database import Database
from pandadb.services import schema

WRITE = "UPDATE doma_panda.jedi_tasks SET status = 'ready' WHERE jeditaskid = 0"
"""Takes the lock of a writer, which the trigger of revision 0019 does not get along with."""


@contextmanager
def in_background(work: Callable[[threading.Event], None]) -> Iterator[list[BaseException]]:
    """Run work until the block ends; what it raised is in the list."""
    stop, errors = threading.Event(), []

    def run() -> None:
        try:
            work(stop)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield errors
    finally:
        stop.set()
        thread.join(timeout=60)


@pytest.mark.slow
def test_readers_and_writers_go_on_during_an_upgrade(empty_database_url: str) -> None:
    with Database(empty_database_url) as database:
        schema.upgrade(database, "0018")
        written, waits = [], []

        def write(stop: threading.Event) -> None:
            with psycopg.connect(empty_database_url, autocommit=True) as connection:
                while not stop.is_set() or not written:
                    started = time.monotonic()
                    connection.execute(
                        "INSERT INTO doma_panda.jedi_tasks (jeditaskid, status, username,"
                        " creationdate, modificationtime) VALUES (%s, 'ready', 'me', now(), now())",
                        [len(written) + 1],
                    )
                    written.append(
                        connection.execute("SELECT count(*) FROM doma_panda.jedi_tasks").fetchone()
                    )
                    waits.append(time.monotonic() - started)

        with in_background(write) as errors:
            schema.upgrade(database)

        assert errors == []
        with database.engine.connect() as connection:
            tasks = connection.scalar(text("SELECT count(*) FROM doma_panda.jedi_tasks"))
        assert tasks == len(written) > 0
        assert max(waits) < 5


@pytest.mark.slow
def test_a_migration_tries_again_while_somebody_holds_a_lock(database: Database) -> None:
    schema.downgrade(database, "0018")
    written: list[float] = []
    with psycopg.connect(_url(database)) as holder:
        holder.execute(WRITE)

        def write_now_and_then(stop: threading.Event) -> None:
            with psycopg.connect(_url(database), autocommit=True) as connection:
                while not stop.is_set():
                    started = time.monotonic()
                    connection.execute(WRITE)
                    written.append(time.monotonic() - started)
                    stop.wait(0.1)
                    if time.monotonic() - began > 5:
                        holder.rollback()

        began = time.monotonic()
        with in_background(write_now_and_then) as errors:
            schema.upgrade(database)

    assert errors == []
    assert time.monotonic() - began > 4, "the lock was held long enough to need a second try"
    assert max(written) < 5, "nobody waits behind the migration for longer than its lock timeout"
    assert schema.current(database).pending == ()


def test_neither_the_lock_nor_the_timeouts_outlive_a_migration(database: Database) -> None:
    schema.downgrade(database, "0020")
    schema.upgrade(database)

    with database.engine.connect() as connection:
        held = text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        assert connection.scalar(held) == 0
        assert connection.scalar(text("SHOW lock_timeout")) == "0"


@pytest.mark.slow
def test_two_upgrades_at_the_same_time_do_the_work_once(empty_database_url: str) -> None:
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    environment = {**os.environ, "PANDADB_URL": empty_database_url}
    started = [
        subprocess.Popen(
            command, cwd=schema.home(), env=environment, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]

    said = "".join(process.communicate()[1] for process in started)

    assert [process.returncode for process in started] == [0, 0], said
    with Database(empty_database_url) as database:
        version = schema.current(database)
        assert schema.check(database) == []
    assert version.pending == ()
    assert said.count("Running upgrade") == int(version.head)


@pytest.mark.slow
def test_a_migration_waits_for_another_one_longer_than_for_a_lock(database: Database) -> None:
    schema.downgrade(database, "0020")
    with psycopg.connect(_url(database), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('pandadb migrations'))")

        def upgrade(_stop: threading.Event) -> None:
            schema.upgrade(database, attempts=1)

        with in_background(upgrade) as errors:
            time.sleep(5)
            assert schema.current(database).revision == "0020"
            other.execute("SELECT pg_advisory_unlock_all()")

    assert errors == []
    assert schema.current(database).pending == ()


@pytest.mark.slow
def test_a_lock_that_stays_is_a_sentence_with_its_holder_and_nothing_is_half_done(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    schema.downgrade(database, "0018")
    with psycopg.connect(_url(database)) as holder:
        holder.execute(WRITE)

        with pytest.raises(schema.MigrationError, match="holds a lock") as refused:
            schema.upgrade(database, attempts=2)

        who = f"held by pid {holder.info.backend_pid}, user "
        assert who in str(refused.value)
        assert "idle in transaction: UPDATE doma_panda.jedi_tasks SET" in str(refused.value)
        assert len([line for line in caplog.messages if "try 1 of 2" in line and who in line]) == 1

    assert schema.current(database).revision == "0018"
    schema.upgrade(database)
    assert schema.check(database) == []


def _url(database: Database) -> str:
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


DISPATCH = "doma_panda.jobsactive4_dispatch_idx"


def is_valid(database: Database) -> bool | None:
    query = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    with database.session() as session:
        return session.scalar(query, {"name": DISPATCH})


@pytest.mark.slow
def test_an_index_waits_for_a_writer_who_takes_longer_than_a_lock_timeout(
    database: Database,
) -> None:
    schema.downgrade(database, "0021")
    with psycopg.connect(_url(database)) as writer:
        writer.execute("UPDATE doma_panda.jobsactive4 SET jobstatus = jobstatus")

        with in_background(lambda _: schema.upgrade(database, "0022", attempts=1)) as errors:
            time.sleep(6)  # lock_timeout is 4 s
            assert not is_valid(database)
            writer.commit()

    assert errors == []
    assert is_valid(database)


@pytest.mark.slow
@pytest.mark.parametrize(("before", "goal"), [("0021", "0022"), ("0029", "0030")])
def test_an_invalid_index_is_named_and_built_anew(
    database: Database, before: str, goal: str
) -> None:
    schema.downgrade(database, before)
    with (
        psycopg.connect(_url(database), autocommit=True) as other,
        psycopg.connect(_url(database)) as writer,
    ):
        other.execute(f"DROP INDEX IF EXISTS {DISPATCH}")
        writer.execute("UPDATE doma_panda.jobsactive4 SET jobstatus = jobstatus")
        other.execute("SET lock_timeout = '0.2s'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute(
                "CREATE INDEX CONCURRENTLY jobsactive4_dispatch_idx ON doma_panda.jobsactive4"
                " (computingsite)"
            )
    assert is_valid(database) is False

    schema.upgrade(database, goal)

    assert is_valid(database)
    schema.upgrade(database)
    assert schema.check(database) == []


@pytest.mark.slow
def test_an_invalid_index_is_drift(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(
            text(
                f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{DISPATCH}'::regclass"
            )
        )

    assert [one for one in schema.check(database) if "is invalid: REINDEX" in str(one)]
