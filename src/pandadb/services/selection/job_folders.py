"""The folders in which workers run jobs, where they are on this machine, and their files."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.jobs.search import job_choices
from pandadb.errors import PandaDBError
from pandadb.models import JobControl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandadb.core.jobs.search.job_choices import JobName
    from pandadb.database import Database


class NoJobFolder(PandaDBError):
    """The folder of a job that is not on this machine."""


class UnknownJobFile(PandaDBError):
    """A file that the folder of a job does not have."""


@dataclass(frozen=True)
class JobFile:
    """A file of the folder of a job."""

    name: str
    """Its path below the folder."""
    size: int
    """Bytes."""


def folder_of(database: Database, job: JobName, work_dir: Path) -> Path:
    """Return the folder of the last run of a job: the one of its record, or that below `work_dir`.

    A worker's folder of a job is called after its PandaID and the token of its lease.

    Raises:
        UnknownJob: No job has the public id.
        NoJobFolder: There is none on this machine.
    """
    with database.session() as session:
        (pandaid,) = job_choices.named(session, job)
        details = session.scalar(select(JobControl.details).where(JobControl.pandaid == pandaid))
    known = (details or {}).get("run_dir")
    if known and Path(known).is_dir():
        return Path(known)
    runs = {token: path for path in work_dir.glob(f"{pandaid}-*") if (token := _token(path))}
    if not runs:
        there = f"nor {known}" if known else f"nor is one in {work_dir}"
        raise NoJobFolder(
            f"Job {pandaid} has no folder on this machine, {there}: it has not run, or elsewhere"
        )
    return runs[max(runs)]


def _token(path: Path) -> int:
    """Return the token of a folder; 0 if it is none of a job."""
    token = path.name.partition("-")[2]
    return int(token) if token.isascii() and token.isdigit() and path.is_dir() else 0


def files_in(folder: Path) -> list[JobFile]:
    """Return the files of a folder of a job, by name; links are left out."""
    return [
        JobFile(path.relative_to(folder).as_posix(), path.stat().st_size) for path in _files(folder)
    ]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(folder):
            yield path


def file_of(folder: Path, name: str) -> Path:
    """Return a file of a folder of a job by its path below the folder.

    Raises:
        UnknownJobFile: The folder has no such file; links and paths that lead out of it are none.
    """
    known = folder.resolve()
    path = known / name
    try:
        is_file = path.is_file() and path.resolve() == path
    except (OSError, ValueError):  # a name too long for a file, or with a zero byte
        is_file = False
    if not (is_file and path.is_relative_to(known) and ".." not in path.parts):
        raise UnknownJobFile(f"The folder of the job has no file {name!r}")
    return path


def copy_files(folder: Path, names: Sequence[str], target: Path) -> list[Path]:
    """Copy files of a folder of a job to another folder, under their names; return the copies.

    Raises:
        UnknownJobFile: The folder has no such file.
        OSError: A file cannot be read or written.
    """
    known = {one.name for one in files_in(folder.resolve())}
    for name in names:
        if name not in known:
            raise UnknownJobFile(f"{folder} has no file {name!r}: it has {_some(sorted(known))}")
    copies = []
    for name in names:
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, copy)
        copies.append(copy)
    return copies


def _some(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) or "none") + more
