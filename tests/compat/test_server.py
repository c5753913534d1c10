"""Lives of jobs, by the unmodified panda-server and by pandadb, leave the same rows: see README."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg.sql import SQL, Literal

from pandadb.database import Database
from pandadb.services import schema
from tests.databases import admin
from tests.servers import network_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import PrivateServer

pytestmark = pytest.mark.any_server

HERE = Path(__file__).parent
DATABASE = "panda_db"
PASSWORD = "password"  # which panda-server's configuration has


@pytest.fixture(scope="module")
def panda_python() -> Path:
    """The interpreter of panda-server's environment, which `make compat` makes and names."""
    if "PANDA_VENV" not in os.environ:
        pytest.skip("PANDA_VENV names no environment with panda-server: make compat")
    return Path(os.environ["PANDA_VENV"], "bin", "python")


@pytest.fixture(scope="module")
def compare(pytestconfig: pytest.Config) -> Path:
    """The program that plays the lives in both ways, beside the project."""
    program = pytestconfig.rootpath.parent / "shared" / "compat" / "compare.py"
    if not program.exists():
        pytest.skip(f"{program} is not here")
    return program


@pytest.fixture(scope="module")
def server_password() -> str:
    """The superuser's password on a port that others on this machine can reach."""
    return secrets.token_urlsafe()


@pytest.fixture(scope="module")
def panda_server(panda_python: Path, server_password: str) -> Iterator[PrivateServer]:
    """A server with a database of the newest revision that belongs to the role `panda`."""
    with network_server("embedded") as server:  # panda-server needs PostgreSQL 16 or newer
        with admin(server.url()) as connection:
            for statement in (
                SQL("ALTER ROLE postgres PASSWORD {}").format(Literal(server_password)),
                SQL("CREATE ROLE panda LOGIN PASSWORD {}").format(Literal(PASSWORD)),
                SQL("ALTER ROLE panda SET search_path = doma_panda, public"),
                SQL(f"CREATE DATABASE {DATABASE} OWNER panda"),
            ):
                connection.execute(statement)
        with closing(Database(server.url(username="panda", database=DATABASE))) as database:
            schema.upgrade(database)
        yield server


def test_lives_leave_the_rows_that_panda_server_leaves_alone_and_in_turns(
    panda_python: Path, compare: Path, panda_server: PrivateServer, server_password: str
) -> None:
    words = ["--host", "127.0.0.1", "--port", panda_server.settings["port"], "--dbname", DATABASE]
    ours = ["--pandadb-python", sys.executable, "--worker", HERE / "worker.py"]
    compared = subprocess.run(
        [str(word) for word in [panda_python, compare, *words, *ours]]
        + ["--mixed", "--password", PASSWORD, "--accepted", str(HERE / "accepted.toml")],
        env={**os.environ, "PGPASSWORD": server_password},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert compared.returncode == 0, compared.stdout
