"""A lock that is not free: the message names the session that holds it, once for each try."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text

from pandadb.core.sql.blockers import shortened
from pandadb.database import Database
from pandadb.services.locks import patiently
from pandadb.services.lockwaits import LockNotAvailable
from tests.databases import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

TAKE = "LOCK TABLE doma_panda.jobsactive4 IN ACCESS EXCLUSIVE MODE"


@contextmanager
def holder(database: Database, *statements: str) -> Iterator[int]:
    """Open a session of another application in a transaction; yield its pid."""
    url = database.engine.url.set(drivername="postgresql")
    with psycopg.connect(
        url.render_as_string(hide_password=False), application_name="a monitor"
    ) as connection:
        for statement in statements:
            connection.execute(statement)
        yield connection.info.backend_pid
        connection.rollback()


def take(session: Session) -> None:
    session.execute(text(TAKE))


def test_each_try_names_the_session_that_holds_the_lock(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    query = "UPDATE doma_panda.jobsactive4 SET jobstatus = 'secret' WHERE pandaid = 1"
    with holder(database, query) as pid, pytest.raises(LockNotAvailable) as contended:
        patiently(database, take, [0.5, 0.5])

    user = database.engine.url.username
    who = f"held by pid {pid}, user {user}, application a monitor"
    assert len(caplog.messages) == 2
    for number, line in enumerate(caplog.messages, start=1):
        assert f"try {number} of 2: a lock was not free within 0.5 s, {who}" in line
        assert "in a transaction since 20" in line
        assert "idle in transaction: UPDATE doma_panda.jobsactive4 SET jobstatus = …" in line
    assert who in str(contended.value)


def test_a_session_that_waits_before_us_in_the_queue_is_named_too(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        holder(database, "SELECT FROM doma_panda.jobsactive4") as pid,
        pytest.raises(LockNotAvailable),
    ):
        patiently(database, take, [0.5])

    assert f"pid {pid}" in caplog.text


def test_what_needs_no_lock_of_others_is_not_looked_up(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []
    patiently(database, lambda session: seen.append(str(session.scalar(text("SELECT 1")))), [1])

    assert (seen, caplog.messages) == (["1"], [])
    assert database.engine.pool.status().count("Connections in pool: 1") == 1


def test_a_pool_without_another_connection_holds_nobody_up(database: Database) -> None:
    with (
        Database(render(database.engine.url), pool_size=1, max_overflow=0) as small,
        holder(database, "SELECT FROM doma_panda.jobsactive4"),
        pytest.raises(LockNotAvailable, match="its holder was not seen"),
    ):
        patiently(small, take, [0.2])


def test_a_role_that_may_not_see_queries_names_pid_and_user(
    database: Database, plain_role_url: str
) -> None:
    from sqlalchemy import make_url

    plain = make_url(plain_role_url)
    with database.engine.begin() as connection:
        connection.execute(text(f'GRANT USAGE ON SCHEMA doma_panda TO "{plain.username}"'))
        connection.execute(text(f'GRANT ALL ON doma_panda.jobsactive4 TO "{plain.username}"'))
    with (
        Database(render(plain.set(database=database.engine.url.database))) as theirs,
        holder(database, "SELECT FROM doma_panda.jobsactive4") as pid,
        pytest.raises(LockNotAvailable) as contended,
    ):
        patiently(theirs, take, [0.5])
    with database.engine.begin() as connection:
        connection.execute(text(f'DROP OWNED BY "{plain.username}"'))

    assert f"pid {pid}, user {database.engine.url.username}" in str(contended.value)
    assert "pg_monitor sees since when" in str(contended.value)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("SELECT  1\n  FROM t", "SELECT 1 FROM t"),
        ("ALTER ROLE me PASSWORD 'secret'", "ALTER ROLE me PASSWORD …"),
        ("DO $body$ secret $body$", "DO …"),
        ("SELECT " + "a" * 200, "SELECT " + "a" * 92 + "…"),
    ],
)
def test_a_query_is_shown_up_to_its_first_text(query: str, shown: str) -> None:
    assert shortened(query) == shown


@pytest.mark.slow
@pytest.mark.parametrize("command", [("partitions", "maintain"), ("archive", "run")])
def test_a_command_for_cron_prints_the_holder_once_for_each_try(
    database: Database, command: tuple[str, str]
) -> None:
    make = (
        "CREATE TABLE doma_panda.{0}_d1 PARTITION OF doma_panda.{0}"
        " FOR VALUES FROM ('2019-01-01') TO ('2019-01-02')"
    )
    tables = ("jobsarchived4", "jobs_statuslog")
    with database.engine.begin() as connection:
        for table in tables:
            connection.execute(text(make.format(table)))
        connection.execute(
            text(
                "INSERT INTO doma_panda.jobsarchived4 (pandaid, modificationtime)"
                " VALUES (1, '2019-01-01')"
            )
        )
    held = [f"SELECT FROM doma_panda.{table}_d1" for table in tables]
    words = [*command, "--json", *(["jobs_statuslog"] if command[0] == "partitions" else [])]
    with holder(database, *held) as pid:
        ran = subprocess.run(
            [sys.executable, "-m", "pandadb", *words],
            env={"PANDADB_URL": render(database.engine.url), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )

    who = f"held by pid {pid}"
    lines = [line for line in ran.stderr.splitlines() if "was not free" in line]
    assert ran.returncode == 4, ran.stderr
    assert len(lines) >= 4
    assert sum(who in line for line in lines) >= len(lines) - 1, "the first try may be too short"
    assert all("note" in json.loads(line) for line in lines)
    assert all(who in sentence for sentence in json.loads(ran.stdout)["held"].values())
    assert json.loads(ran.stdout)["held"]
