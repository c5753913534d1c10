"""What every test may ask for: a server, databases on it, a session, the shared material.

One server and one migrated template serve a whole run: the process that the user started keeps
the server, pytest-xdist's workers are told where it is, and the first who needs the template
makes it. Tests copy the template, so none sees what another did.
"""

from __future__ import annotations

import gc
import os
import secrets
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from tests.compiled import share_compiled
from tests.databases import Server, admin, made_template, temporary_database, temporary_role
from tests.servers import NoServerError, running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from pandadb.database import Database

SERVER = pytest.StashKey[dict[str, Any]]()
CLEANUP = pytest.StashKey[ExitStack]()

# Or each process that a test starts compiles the package anew, which takes a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
share_compiled()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the user choose the server, and how much is killed and tried."""
    parser.addoption(
        "--kills", type=int, default=20, help="how often processes and their server are killed"
    )
    parser.addoption(
        "--thorough", action="store_true", help="try each odd value with each option of a command"
    )
    parser.addoption(
        "--postgres",
        metavar="system|embedded|PATH|URL",
        default=os.environ.get("PANDADB_TEST_URL") or os.environ.get("PANDADB_TEST_POSTGRES", ""),
        help="the PostgreSQL to test with: a private server of these binaries, or a running one"
        " whose role may create databases and roles; default: PANDADB_TEST_URL, else"
        " PANDADB_TEST_POSTGRES, else the system's, else the embedded one",
    )


VARIANTS = 2
"""Variants of a test that `make test-fast` runs; further ones are `slow`."""


USES_SERVER = {"server", "pytestconfig"}
"""Fixtures of tests that may not be the same on any server."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector away from what stays: modules and tests are many objects."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that ask for no server, and further variants of a test.

    The former are the same on any server; the latter are some of very many of their kind: slow.
    """
    seen = Counter[str]()
    for item in items:
        if USES_SERVER.isdisjoint(getattr(item, "fixturenames", USES_SERVER)):
            item.add_marker(pytest.mark.any_server)
        test = item.nodeid.partition("[")[0]
        seen[test] += 1
        if seen[test] > VARIANTS:
            item.add_marker(pytest.mark.slow)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the server, once per run and only when tests will run."""
    config = session.config
    if hasattr(config, "workerinput"):
        config.stash[SERVER] = config.workerinput["pandadb_server"]
    elif not (config.option.collectonly or config.option.showfixtures):
        config.stash[CLEANUP] = ExitStack()
        config.stash[SERVER] = _start_server(config)


def _start_server(config: pytest.Config) -> dict[str, Any]:
    choice = config.getoption("--postgres")
    try:
        return asdict(config.stash[CLEANUP].enter_context(running_server(choice)))
    except NoServerError as error:
        if choice:
            raise pytest.UsageError(str(error)) from error
        return {"missing": str(error)}


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say what the tests run on."""
    found = config.stash.get(SERVER, {})
    if "url" not in found:
        return found.get("missing")
    with admin(found["url"]) as connection:
        version = connection.info.parameter_status("server_version")
    return f"PostgreSQL {version} at {make_url(found['url'])}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run one worker more than there are processors: many tests wait for processes and leases."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the server is."""
    node.workerinput["pandadb_server"] = node.config.stash.get(SERVER, {})


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server when the workers are gone."""
    if CLEANUP in config.stash:
        config.stash[CLEANUP].close()


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Server:
    """The server of this run; what needs it is skipped when there is none."""
    found = pytestconfig.stash[SERVER]
    if "missing" in found:
        pytest.skip(found["missing"])
    return Server(**found)


@pytest.fixture(scope="session")
def server_url(server: Server) -> str:
    """The URL of the server's role that may create databases and roles."""
    return server.url


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """The name of the migrated database that the others are copies of."""
    return made_template(server, "template", _upgrade)


def _upgrade(url: str) -> None:
    from pandadb.services.schema import upgrade

    with _opened(url) as database:
        upgrade(database)


def _opened(url: str) -> closing[Database]:
    from pandadb.database import Database

    return closing(Database(url))


@pytest.fixture
def empty_database_url(server: Server) -> Iterator[str]:
    """The URL of a new database with nothing in it."""
    with temporary_database(server) as url:
        yield url


@pytest.fixture
def content(request: pytest.FixtureRequest) -> Callable[[Database], None] | None:
    """What fills the database of a test: what CONTENTS of its module has for a fixture of its."""
    contents = getattr(request.module, "CONTENTS", {})
    return next((contents[name] for name in request.fixturenames if name in contents), None)


@pytest.fixture
def database_url(
    server: Server, template: str, content: Callable[[Database], None] | None
) -> Iterator[str]:
    """The URL of a new database at the newest revision; its content is made once and copied."""
    if content is not None:
        template = _filled(server, template, content)
    with temporary_database(server, template) as url:
        yield url


def _filled(server: Server, template: str, fill: Callable[[Database], None]) -> str:
    def make(url: str) -> None:
        with _opened(url) as database:
            fill(database)

    name = crc32(f"{fill.__module__}.{fill.__qualname__}".encode())
    return made_template(server, f"filled_{name:08x}", make, template)


@pytest.fixture
def plain_role_url(server: Server) -> Iterator[str]:
    """The URL of a new empty database, as the role that owns it and may do nothing else."""
    with temporary_role(server) as login, temporary_database(server, login=login) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A new database at the newest revision, for code that commits."""
    with _opened(database_url) as opened:
        yield opened


@pytest.fixture
def there(server: Server, template: str) -> Iterator[Database]:
    """Another database at the newest revision, which is the archive."""
    with temporary_database(server, template) as url, _opened(url) as opened:
        yield opened


@pytest.fixture
def prefix(database: Database) -> Iterator[str]:
    """A name that no role has; roles of it are dropped afterwards, since all databases see them."""
    name = f"pandadb_test_{secrets.token_hex(4)}"
    yield name
    with database.engine.begin() as connection:
        made = connection.scalars(
            text("SELECT rolname FROM pg_roles WHERE starts_with(rolname, :name)"), {"name": name}
        ).all()
        for role in map(Identifier, made):
            for statement in ("DROP OWNED BY {} CASCADE", "DROP ROLE {}"):
                connection.exec_driver_sql(SQL(statement).format(role).as_string())


@pytest.fixture(scope="session")
def worker_database(server: Server, template: str) -> Iterator[Database]:
    """The database of all tests of one worker that leave nothing in it."""
    with temporary_database(server, template) as url, _opened(url) as opened:
        yield opened


@pytest.fixture
def session(worker_database: Database) -> Iterator[Session]:
    """A session whose work, commits included, is undone after the test; sequences go on."""
    with worker_database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@pytest.fixture(scope="session", params=["generated", "real"])
def task_files(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> list[Path]:
    """Files with the records of a task each: generated ones, and the real ones where they are."""
    here = pytestconfig.rootpath / "tests" / "data"
    folder = here if request.param == "generated" else _shared(pytestconfig, "data")
    return sorted(folder.glob("atlas_jobs_task_*.csv"))


@pytest.fixture(scope="session")
def shared_reference(pytestconfig: pytest.Config) -> Path:
    """The folder of the catalogue of PanDA's schema, beside the project."""
    return _shared(pytestconfig, "reference")


def _shared(config: pytest.Config, name: str) -> Path:
    folder = config.rootpath.parent / "shared" / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    return folder
