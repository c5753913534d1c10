"""Files that a payload has left in its directory, with sizes and checksums."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import adler32

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

CHUNK = 1 << 20
MOST_OUTPUTS = 10_000
"""The most files of a directory that are listed."""


@dataclass(frozen=True)
class OutputFile:
    """A file in the directory of a job."""

    name: str
    """The path below the directory, with slashes."""
    size: int
    """Bytes."""
    checksum: str
    """`ad:` and the adler32 in eight hexadecimal digits, as PanDA has it."""


def find_outputs(directory: Path, own: Collection[str]) -> tuple[OutputFile, ...]:
    """Return the regular files of a directory, sorted, without those in `own`.

    Hidden files are left out, and symbolic links, as a file that they name may be outside of the
    directory; so are sockets, devices, files that cannot be read or vanish meanwhile.
    """
    found = []
    for path in _files(directory):
        name = path.relative_to(directory).as_posix()
        if name not in own and _is_utf8(name):
            with suppress(OSError):
                found.append(_measured(path, name))
        if len(found) == MOST_OUTPUTS:
            break
    return tuple(found)


def _files(directory: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            yield Path(folder, name)


def _is_utf8(name: str) -> bool:
    """Return whether the database can have the name."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _measured(path: Path, name: str) -> OutputFile:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with open(path, "rb", opener=lambda file, _: os.open(file, flags)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{name} is no regular file")
        size, checksum = 0, 1
        while chunk := file.read(CHUNK):
            size, checksum = size + len(chunk), adler32(chunk, checksum)
    return OutputFile(name, size, f"ad:{checksum:08x}")
