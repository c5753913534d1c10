"""Files of accounts: private, replaced at once, and changed by one process at a time."""

import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pandadb.errors import InvalidInput


class InvalidPasswordFile(InvalidInput):
    """A file of accounts that cannot be read, or an entry that it cannot have."""


def lines_of(path: Path) -> list[tuple[int, str]]:
    """Return the lines of a file with their numbers, without empty ones; none if there is no file.

    Raises:
        InvalidPasswordFile: Others may read the file, or this process may not.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise InvalidPasswordFile(f"{path} can be read by other users: chmod 600 {path}")
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InvalidPasswordFile(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidPasswordFile(f"{path} is no text in UTF-8") from None
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Let no other process change the accounts of a folder during the block."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def replace(path: Path, lines: Iterable[str], *, owner_of: Path | None = None) -> None:
    """Replace a file at once: a server that reads it sees the old one or the new one.

    It keeps its owner, or has that of another file, so that root can change a server's accounts.
    """
    model = owner_of or path
    handle, new = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        if model.exists() and (owner := model.stat()).st_uid != os.geteuid():
            os.chown(new, owner.st_uid, owner.st_gid)
        Path(new).replace(path)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise
