"""The ground the other tests stand on: what the fixtures promise about servers and databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import make_url, text

from tests.databases import Server, admin, made_template, temporary_database
from tests.servers import NoServerError, find_binaries, running_server

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pytestmark = pytest.mark.any_server


def tables_in(url: str) -> list[str]:
    """Return the tables that are not PostgreSQL's own."""
    query = "SELECT tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)'"
    with admin(url) as connection:
        return [name for (name,) in connection.execute(query)]


def databases_on(server: Server) -> set[str]:
    """Return the names of all databases."""
    with admin(server.url) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_a_temporary_database_is_empty_utf8_and_gone_afterwards(server: Server) -> None:
    with temporary_database(server) as url:
        name = make_url(url).database
        assert tables_in(url) == []
        with admin(url) as connection:
            assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert name in databases_on(server)
    assert name not in databases_on(server)


def test_a_forgotten_connection_does_not_keep_a_database(server: Server) -> None:
    with temporary_database(server) as url:
        forgotten = psycopg.connect(url)
    with pytest.raises(psycopg.OperationalError):
        forgotten.execute("SELECT 1")
    forgotten.close()
    assert make_url(url).database not in databases_on(server)


def test_copies_of_the_template_share_nothing(server: Server, template: str) -> None:
    with temporary_database(server, template) as one, temporary_database(server, template) as two:
        assert len(tables_in(one)) > 124
        with admin(one) as connection:
            connection.execute("CREATE TABLE only_here ()")
        assert "only_here" in tables_in(one)
        assert "only_here" not in tables_in(two)


def test_nobody_connects_to_the_template(server: Server, template: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
        psycopg.connect(server.url_of(template))


def test_a_failed_upgrade_is_tried_again_from_the_start(server: Server) -> None:
    other = Server(server.url, server.new_name(), file_copy=server.file_copy)

    def fail(url: str) -> None:
        succeed(url)
        raise ArithmeticError

    def succeed(url: str) -> None:
        with admin(url) as connection:
            connection.execute("CREATE TABLE made ()")

    with pytest.raises(ArithmeticError):
        made_template(other, "made", fail)
    name = made_template(other, "made", succeed)
    assert made_template(other, "made", fail) == name
    with temporary_database(other, name) as url:
        assert tables_in(url) == ["made"]
    with admin(server.url) as connection:
        connection.execute(f"DROP DATABASE {name}")


def test_a_plain_role_owns_its_database_and_nothing_else(plain_role_url: str) -> None:
    with admin(plain_role_url) as connection:
        connection.execute("CREATE SCHEMA mine")
        connection.execute("CREATE TABLE mine.own ()")
        for forbidden in ("CREATE ROLE another", "CREATE DATABASE another"):
            with pytest.raises(InsufficientPrivilege):
                connection.execute(forbidden)
        found = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        )
        assert found.fetchone() == (False, False, False)


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_session_forgets_even_what_was_committed(session: Session, attempt: int) -> None:
    assert session.scalar(text("SELECT to_regclass('committed')")) is None
    session.execute(text("CREATE TABLE committed ()"))
    session.commit()
    session.rollback()
    assert session.scalar(text("SELECT to_regclass('committed')")) == "committed"


def test_what_killed_workers_leave_on_a_given_server_is_removed(server: Server) -> None:
    with running_server(server.url) as given, admin(given.url) as connection:
        connection.execute(f"CREATE ROLE {given.prefix}role")
        connection.execute(f"CREATE DATABASE {given.prefix}left")
    assert not [name for name in databases_on(server) if name.startswith(given.prefix)]
    with admin(server.url) as connection:
        roles = connection.execute("SELECT rolname FROM pg_roles").fetchall()
    assert (f"{given.prefix}role",) not in roles


@pytest.mark.slow
@pytest.mark.parametrize("choice", ["system", "embedded"])
def test_a_private_server_starts_from_either_binaries_and_stops(choice: str) -> None:
    try:
        find_binaries(choice)
    except NoServerError as error:
        pytest.skip(str(error))
    with running_server(choice) as server, admin(server.url) as connection:
        owner = connection.execute("SHOW data_directory").fetchone()
        folder = Path(*owner or ())
        assert folder.parent.stat().st_mode & 0o077 == 0
        assert folder.stat().st_uid != 0
    assert not folder.parent.exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_private_server_dies_with_a_killed_run_and_the_next_one_cleans_up() -> None:
    program = (
        "import sys, time\n"
        "from tests.servers import running_server\n"
        "with running_server() as server:\n"
        "    print(server.url, flush=True)\n"
        "    time.sleep(60)\n"
    )
    root = Path(__file__).parent.parent
    with subprocess.Popen([sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        url = run.stdout.readline().decode().strip()
        with admin(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        os.kill(run.pid, signal.SIGKILL)
    socket = Path(str(make_url(url).query["host"]), ".s.PGSQL.5432")
    deadline = time.monotonic() + 20
    while socket.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not socket.exists()
    with running_server():
        assert not socket.parent.parent.exists()


def test_a_missing_server_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoServerError, match=r"found no initdb and postgres .*--postgres"):
        find_binaries(str(tmp_path))
    nowhere = running_server(f"postgresql://u:secret@/none?host={tmp_path}")
    with pytest.raises(NoServerError, match=r"no answer from postgresql://u:\*\*\*@") as raised:
        nowhere.__enter__()
    assert "secret" not in str(raised.value)
