"""The directory of a job: its inputs before the start, its outcome and a marker after the end.

A directory appears under its name with all of its inputs, on disk; the marker is written after
the outcome is on disk. So a directory without a marker is one of a job that has not ended, after
a crash of the machine, too.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from pandadb.errors import PandaDBError
from pandadb.worker.payload.description import InvalidPayload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STDOUT, STDERR, ORDER, RESULT, OUTCOME = (
    "stdout",
    "stderr",
    "job.json",
    "result.json",
    "outcome.json",
)
SUCCESS, ERROR = "SUCCESS", "ERROR"
OWN_FILES = frozenset({STDOUT, STDERR, ORDER, RESULT, OUTCOME, SUCCESS, ERROR})
"""Names of the worker's files in a directory; no input has one of them."""
TMP = ".tmp"
"""The folder for temporary files of the payload, which are no outputs."""
PARTIAL = ".partial-"
ABANDONED = 86_400.0
"""Seconds after which a partial directory is one of a worker that has crashed."""
LONGEST_NAME = 255
LARGEST_RESULT = 1 << 20
"""Bytes of the largest `result.json`."""
FULL = {
    errno.ENOSPC: "no space is left on the disk",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than the limit of the worker's process",
}


class JobDirectoryError(PandaDBError):
    """A directory that cannot be made or written, such as on a full disk."""


class JobDirectory(NamedTuple):
    """The directory of one attempt of a job."""

    path: Path

    @property
    def stdout(self) -> Path:
        """The file with the payload's standard output."""
        return self.path / STDOUT

    @property
    def stderr(self) -> Path:
        """The file with the payload's standard error."""
        return self.path / STDERR

    @property
    def is_full(self) -> bool:
        """Whether its disk has no space left."""
        with suppress(OSError):
            found = os.statvfs(self.path)
            return found.f_bavail == 0 or (found.f_files > 0 and found.f_favail == 0)
        return False

    def read_result(self) -> Any:
        """Return the JSON value of `result.json`; None if the payload has written none.

        Raises:
            ValueError: The file is no JSON, or larger than 1 MiB.
        """
        try:
            with _opened(self.path / RESULT, os.O_RDONLY | os.O_NONBLOCK, "rb") as file:
                text = file.read(LARGEST_RESULT + 1)
        except OSError:
            return None
        if len(text) > LARGEST_RESULT:
            raise ValueError("it is larger than 1 MiB")
        return json.loads(text, parse_constant=_refuse_constant)

    def write_end(self, outcome: Mapping[str, Any], *, ok: bool) -> None:
        """Write the outcome, and then the marker: `SUCCESS` or `ERROR`.

        Raises:
            JobDirectoryError: It cannot be written; the sentence has the reason.
        """
        with _explained(self.path):
            text = json.dumps(outcome, indent=1, default=str)
            partial = self.path / f".{OUTCOME}"
            partial.unlink(missing_ok=True)
            _write(partial, text.encode("utf-8", "backslashreplace"))
            partial.replace(self.path / OUTCOME)
            _sync(self.path)
            marker = self.path / (SUCCESS if ok else ERROR)
            marker.unlink(missing_ok=True)
            _write(marker, b"")
            _sync(self.path)

    def remove(self) -> None:
        """Remove the directory with its files; it is idempotent."""
        shutil.rmtree(self.path, ignore_errors=True)


def make_job_directory(
    work_dir: Path, name: str, order: Mapping[str, Any], inputs: Mapping[str, bytes | Path]
) -> JobDirectory:
    """Make the directory of a job, mode 0700, with its inputs; all of it is on disk then.

    Raises:
        InvalidPayload: An input has a name that is not below the directory, or is not to be read.
        JobDirectoryError: The directory exists, or cannot be written; the sentence has the reason.
    """
    paths = {input_name: input_path(input_name) for input_name in inputs}
    final = work_dir / name
    partial = work_dir / f"{PARTIAL}{name}-{secrets.token_hex(4)}"
    try:
        with _explained(work_dir):
            work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.mkdir(mode=0o700)
            (partial / TMP).mkdir(mode=0o700)
            for input_name, content in inputs.items():
                _write_input(partial, paths[input_name], content)
            text = json.dumps(order, indent=1, default=str)
            _write(partial / ORDER, text.encode("utf-8", "backslashreplace"))
            _sync(partial)
            _rename(partial, final)
            _sync(work_dir)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return JobDirectory(final)


def input_path(name: str) -> PurePosixPath:
    """Return the path of an input below the directory of its job.

    Raises:
        InvalidPayload: The name is absolute, has `..`, or is one of the worker's own files.
    """
    parts = name.split("/")
    if (
        any(part in ("", ".", "..") for part in parts)
        or any(len(part.encode("utf-8", "surrogatepass")) > LONGEST_NAME for part in parts)
        or not name.isprintable()
    ):
        raise InvalidPayload(f"The input {name[:60]!r} has no name below the job's directory")
    if parts[0] in OWN_FILES or parts[0] in (TMP, f".{OUTCOME}"):
        raise InvalidPayload(f"The input {name!r} is called as a file of the worker's")
    return PurePosixPath(name)


def prepare_work_dir(work_dir: Path) -> None:
    """Make the folder of all jobs' directories, and see that it can be written.

    Raises:
        JobDirectoryError: It cannot; the sentence has the reason.
    """
    with _explained(work_dir):
        work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        trial = work_dir / f"{PARTIAL}{secrets.token_hex(4)}"
        trial.mkdir(mode=0o700)
        trial.rmdir()
    remove_partial(work_dir)


def remove_partial(work_dir: Path, now: float | None = None) -> int:
    """Remove directories that crashed workers have left half made; return how many."""
    removed, limit = 0, (now or time.time()) - ABANDONED
    for path in work_dir.glob(f"{PARTIAL}*"):
        with suppress(OSError):
            if path.lstat().st_mtime < limit:
                shutil.rmtree(path)
                removed += 1
    return removed


def _write_input(directory: Path, path: PurePosixPath, content: bytes | Path) -> None:
    target = directory / path
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if isinstance(content, bytes):
        _write(target, content)
    else:
        with (
            _source(path, content) as source,
            _opened(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, "wb") as file,
        ):
            shutil.copyfileobj(source, file, 1 << 20)
            _flush(file)
    for folder in path.parents:
        _sync(directory / folder)


def _source(path: PurePosixPath, content: Path) -> BinaryIO:
    """Open a file that is copied; a FIFO or a device would block, or have no end."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(content, flags)
    except OSError as error:
        why = error.strerror
    else:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
        why = "it is no regular file"
    raise InvalidPayload(f"The input {str(path)!r} cannot be copied from {content}: {why}")


def _write(path: Path, content: bytes) -> None:
    with _opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, "wb") as file:
        file.write(content)
        _flush(file)


def _opened(path: Path, flags: int, mode: str) -> Any:
    """Open a file without following a symbolic link of that name."""
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    return open(path, mode, opener=lambda file, _: os.open(file, flags, 0o600))


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _rename(partial: Path, final: Path) -> None:
    if final.exists():  # rename would replace an empty directory
        why = f"{final.name} exists, of another database: give each its own folder"
        raise FileExistsError(errno.EEXIST, why)
    partial.rename(final)


def _sync(directory: Path) -> None:
    """Write a directory's entries to disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"JSON has no {name}")


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = FULL.get(error.errno or 0) or error.strerror or str(error)
        raise JobDirectoryError(
            f"The job's directory in {place} cannot be written: {why}"
        ) from None
