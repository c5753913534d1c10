"""Tails of output files, as text that the database can have."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pandadb.services.queue import STDERR_MARK

if TYPE_CHECKING:
    from pathlib import Path

TAIL_BYTES = 64 * 1024
DEBUG_CHARACTERS = 2048
"""Characters of `JOBSDEBUG.stdout`."""


def read_tail(path: Path, size: int = TAIL_BYTES) -> str:
    """Return the last bytes of a file as text; a file that is not there has none.

    A character that is cut at the front is left out, bytes that are not UTF-8 become U+FFFD, and
    NUL is removed, as PostgreSQL has none in texts.
    """
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - size))
            data = file.read(size)
    except OSError:
        return ""
    if end > size:
        data = _from_character(data)
    return as_text(data.decode("utf-8", "replace"))


def as_text(text: str) -> str:
    """Return a text that PostgreSQL can have: without NUL, and without halves of surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _from_character(data: bytes) -> bytes:
    """Return bytes from the first that is no continuation of a UTF-8 character."""
    cut = 0
    while cut < min(3, len(data)) and data[cut] & 0xC0 == 0x80:
        cut += 1
    return data[cut:]


def join_tails(out: str, err: str, characters: int = DEBUG_CHARACTERS) -> str:
    """Return the tails of stdout and stderr as one text of so many characters at most.

    Each has half of them at least, if it has as many.
    """
    if not err:
        return out[-characters:]
    mark = f"\n{STDERR_MARK}" if out else STDERR_MARK
    room = characters - len(mark)
    errors = err[-max(room // 2, room - len(out)) :]
    rest = room - len(errors)
    return (out[-rest:] if rest else "") + mark + errors
