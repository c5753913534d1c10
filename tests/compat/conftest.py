"""The unmodified panda-server, and a server with a database of its own for it."""

from __future__ import annotations

import os
import secrets
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

DATABASE = "panda_db"
PASSWORD = "password"  # which panda-server's configuration has


@pytest.fixture(scope="module")
def panda_python() -> Path:
    """The interpreter of panda-server's environment, which `make compat` makes and names."""
    if "PANDA_VENV" not in os.environ:
        pytest.skip("PANDA_VENV names no environment with panda-server: make compat")
    return Path(os.environ["PANDA_VENV"], "bin", "python")


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


@pytest.fixture(scope="module")
def compat_folder(pytestconfig: pytest.Config) -> Path:
    """The folder of the programs that drive panda-server, beside the project."""
    folder = pytestconfig.rootpath.parent / "shared" / "compat"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    return folder
