"""What comes in and goes out: closed, gone, of another encoding. Never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from pandadb.database import Database
from tests.factories import make_job

pytestmark = pytest.mark.any_server

PROGRAM = Path(sys.executable).with_name("pandadb")


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell, in which $PANDADB is the command."""
    usual = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        ["sh", "-c", line],
        env={**usual, "PANDADB": str(PROGRAM), **environment},
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )


@pytest.mark.slow
def test_a_closed_output_is_a_sentence_after_the_work(database: Database) -> None:
    url = database.libpq_url()
    ended = shell("echo '[{}]' | $PANDADB jobs submit - >&-", PANDADB_URL=url)

    assert ended.returncode == 1
    said = "pandadb: the output cannot be read or written: Bad file descriptor\n"
    assert ended.stderr.endswith(said)
    assert "Traceback" not in ended.stderr
    with database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM doma_panda.jobsdefined4")) == 1


@pytest.mark.slow
def test_without_any_stream_the_exit_code_is_as_ever(database_url: str) -> None:
    wrong = shell("$PANDADB jobs show 1_0 <&- >&- 2>&-", PANDADB_URL=database_url)
    unknown = shell("$PANDADB jobs show 1 <&- >&- 2>&-", PANDADB_URL=database_url)

    assert (wrong.returncode, unknown.returncode) == (2, 1)


@pytest.mark.slow
def test_a_reader_that_leaves_ends_the_command_without_a_word() -> None:
    ended = shell("{ $PANDADB db sql; echo $? >&2; } | head -1")

    assert ended.stdout.count("\n") == 1
    assert ended.stderr == "141\n"


@pytest.mark.slow
def test_what_the_output_cannot_have_is_escaped(database: Database) -> None:
    with database.session() as session:
        make_job(session, "activated", 1, computingsite="Zürich")
    ascii_only = {"PANDADB_URL": database.libpq_url(), "PYTHONIOENCODING": "ascii"}

    shown = shell("$PANDADB jobs show 1", **ascii_only)

    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Z\\xfcrich" in shown.stdout


@pytest.mark.slow
def test_jobs_are_read_as_utf_8_whatever_the_encoding_of_the_streams_is(database_url: str) -> None:
    job = '[{"computingsite": "Zürich"}]'
    latin = {"PANDADB_URL": database_url, "PYTHONIOENCODING": "latin-1"}
    line = f"echo '{job}' | $PANDADB jobs submit - && $PANDADB jobs list --columns computingsite"

    listed = shell(line, **latin)
    broken = shell("printf '[\"\\377\"]' | $PANDADB jobs submit -", **latin)

    assert "Z\udcfcrich" in listed.stdout, listed  # latin-1, as was asked for
    assert (broken.returncode, broken.stderr[:31]) == (2, "pandadb: - cannot be read as UT"), broken


@pytest.mark.slow
def test_a_closed_input_is_a_sentence(database_url: str) -> None:
    ended = shell("$PANDADB jobs submit - <&-", PANDADB_URL=database_url)

    assert ended.returncode == 2
    assert ended.stderr == "pandadb: - cannot be read as UTF-8 text: Bad file descriptor\n"


@pytest.mark.slow
def test_neither_home_nor_terminal_is_needed(database_url: str) -> None:
    line = "$PANDADB jobs count && TERM= COLUMNS=1 LC_ALL=C $PANDADB --help"
    ended = shell(line, PANDADB_URL=database_url)

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.slow
def test_bytes_that_are_no_text_are_a_sentence(database_url: str) -> None:
    line = "$PANDADB jobs list --computingsite $(printf '\\377')"
    ended = shell(line, PANDADB_URL=database_url)

    assert ended.returncode == 2
    assert ended.stderr == "pandadb: computingsite has bytes in it that are not UTF-8\n"
