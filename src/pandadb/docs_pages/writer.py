"""Files generated from the models and the states: diagrams, data dictionary, views."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.docs_pages import (
    dictionary,
    event_states_page,
    mermaid,
    statements_page,
    states_page,
    stubs,
    task_states_page,
    types_module,
)
from pandadb.services import model_views
from pandadb.services.model_views import FolderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@dataclass
class Written:
    """Paths below the folder, by result."""

    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    """Only of a check: files a run would write or remove."""


def erd(folder: Path, *, check: bool = False) -> Written:
    """Write the page of entity diagrams.

    Raises:
        FolderError: The folder cannot be read or written.
    """
    return _write(folder, {"diagrams.md": mermaid.page()}, (), check)


def write_dictionary(folder: Path, *, check: bool = False) -> Written:
    """Write the data dictionary; pages in `dictionary/` of removed families are deleted.

    Raises:
        FolderError: The folder cannot be read or written.
    """
    return _write(folder, dictionary.pages(), ("dictionary/*.md",), check)


def states(folder: Path, *, check: bool = False) -> Written:
    """Write the pages about states and transitions: of jobs, of tasks, of ranges of events.

    Raises:
        FolderError: The folder cannot be read or written.
    """
    files = {
        "states.md": states_page.page(),
        "task_states.md": task_states_page.page(),
        "event_states.md": event_states_page.page(),
    }
    return _write(folder, files, (), check)


def statements(folder: Path, *, check: bool = False) -> Written:
    """Write the page of the central statements as they are sent.

    Raises:
        FolderError: The folder cannot be read or written.
    """
    return _write(folder, {"statements.md": statements_page.page()}, (), check)


def write_stubs(folder: Path, *, check: bool = False) -> Written:
    """Write the stubs of `pandadb.aio`.

    Raises:
        FolderError: The folder cannot be read or written.
    """
    return _write(folder, stubs.pages(), ("*.pyi",), check)


def types(folder: Path, *, check: bool = False) -> Written:
    """Write the Python module of a job's types.

    Raises:
        FolderError: The folder cannot be read or written.
    """
    return _write(folder, {"job_types.py": types_module.page()}, (), check)


def views(folder: Path, *, check: bool = False) -> Written:
    """Write the views of jobs of any age, with all columns, as SQL.

    A version of a file used by a released revision stays as it is: changes make the next version.

    Raises:
        FolderError: The folder cannot be read or written, or is not a folder of views.
    """
    return _write(folder, model_views.files(folder), (), check)


def _write(folder: Path, files: Mapping[str, str], ours: Iterable[str], check: bool) -> Written:
    """Write the files that are missing or stale; with `check` only list them.

    The patterns `ours` match files written by earlier runs, to be removed if they are gone.
    """
    done = Written()
    try:
        for name, text in files.items():
            path = folder / name
            if path.exists() and path.read_bytes() == text.encode():
                done.unchanged.append(name)
            elif check:
                done.stale.append(name)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
                done.written.append(name)
        for path in sorted(path for pattern in ours for path in folder.glob(pattern)):
            name = path.relative_to(folder).as_posix()
            if name not in files:
                (done.stale if check else done.removed).append(name)
                if not check:
                    path.unlink()
    except OSError as error:
        raise FolderError(f"{folder}: the documents cannot be written: {error}") from error
    return done
