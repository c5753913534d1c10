"""`pandadb docs` as it is typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from pandadb.cli.docs import app
from pandadb.docs_pages.writer import FolderError

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

pytestmark = pytest.mark.any_server

ALL = pytest.mark.parametrize(
    ("command", "one"),
    [
        ("erd", "diagrams.md"),
        ("dictionary", "dictionary/tasks.md"),
        ("states", "states.md"),
        ("states", "task_states.md"),
        ("states", "event_states.md"),
        ("statements", "statements.md"),
        ("types", "job_types.py"),
        ("stubs", "jobs.pyi"),
    ],
)


def run(*words: object, catch: bool = True) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=catch)


@ALL
def test_it_writes_and_then_has_nothing_to_write(tmp_path: Path, command: str, one: str) -> None:
    first = run(command, "--folder", tmp_path)
    assert first.exit_code == 0
    assert f"written {one}" in first.stdout
    assert (tmp_path / one).exists()
    second = run(command, "--folder", tmp_path)
    assert second.exit_code == 0
    assert "written" not in second.stdout


def test_a_folder_without_the_views_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"has no pandadb\.jobs\.v1\.sql: it is for sql/views"):
        run("views", "--folder", tmp_path, catch=False)


@ALL
def test_a_check_fails_with_the_names_of_stale_files(
    tmp_path: Path, command: str, one: str
) -> None:
    run(command, "--folder", tmp_path)
    assert run(command, "--folder", tmp_path, "--check").exit_code == 0
    (tmp_path / one).unlink()
    checked = run(command, "--folder", tmp_path, "--check")
    assert checked.exit_code == 1
    assert f"stale {one}" in checked.stdout
    assert not (tmp_path / one).exists()


@ALL
def test_json_lists_the_files(tmp_path: Path, command: str, one: str) -> None:
    assert one in json.loads(run(command, "--folder", tmp_path, "--json").stdout)["written"]
    checked = run(command, "--folder", tmp_path, "--json", "--check")
    done = json.loads(checked.stdout)
    assert one in done["unchanged"]
    assert done["stale"] == done["written"] == done["removed"] == []


@ALL
def test_help_has_an_example(command: str, one: str) -> None:
    assert f"Example: pandadb docs {command}" in run(command, "--help").stdout
