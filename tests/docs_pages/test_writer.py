"""Documents are written once, checked without writing, and tidied only where they are ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.docs_pages import writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.any_server

ALL = pytest.mark.parametrize(
    ("write", "one"),
    [
        (writer.erd, "diagrams.md"),
        (writer.write_dictionary, "dictionary/jobs.md"),
        (writer.states, "states.md"),
        (writer.states, "task_states.md"),
        (writer.statements, "statements.md"),
        (writer.types, "job_types.py"),
        (writer.write_stubs, "jobs.pyi"),
    ],
)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@ALL
def test_a_second_run_changes_nothing(
    tmp_path: Path, write: Callable[..., writer.Written], one: str
) -> None:
    first = write(tmp_path)
    before = contents(tmp_path)
    second = write(tmp_path)
    assert one in first.written
    assert second == writer.Written(unchanged=first.written)
    assert contents(tmp_path) == before
    assert write(tmp_path, check=True) == second


@ALL
def test_a_check_names_what_was_changed_by_hand_and_leaves_it(
    tmp_path: Path, write: Callable[..., writer.Written], one: str
) -> None:
    write(tmp_path)
    (tmp_path / one).write_text("by hand")
    assert write(tmp_path, check=True).stale == [one]
    assert (tmp_path / one).read_text() == "by hand"
    assert write(tmp_path).written == [one]


@ALL
def test_a_check_of_an_empty_folder_names_all_and_writes_nothing(
    tmp_path: Path, write: Callable[..., writer.Written], one: str
) -> None:
    done = write(tmp_path / "docs", check=True)
    assert one in done.stale
    assert not done.unchanged
    assert not (tmp_path / "docs").exists()


def test_the_file_of_a_family_that_is_gone_is_stale_and_then_removed(tmp_path: Path) -> None:
    writer.write_dictionary(tmp_path)
    old = tmp_path / "dictionary/gone.md"
    old.write_text("old")
    assert writer.write_dictionary(tmp_path, check=True).stale == ["dictionary/gone.md"]
    assert writer.write_dictionary(tmp_path).removed == ["dictionary/gone.md"]
    assert not old.exists()


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    others = [tmp_path / "dictionary/photo.png", tmp_path / "guide.md", tmp_path / "states.svg"]
    (tmp_path / "dictionary").mkdir()
    for other in others:
        other.write_text("mine")
    done = writer.write_dictionary(tmp_path)
    assert not done.removed
    assert not writer.write_dictionary(tmp_path, check=True).stale
    assert all(other.read_text() == "mine" for other in others)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "docs").write_text("a file")
    with pytest.raises(writer.FolderError, match="docs: the documents cannot be written"):
        writer.write_dictionary(tmp_path / "docs")
