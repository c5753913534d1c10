"""Texts that commands take from a file or from standard input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pandadb.cli.output import INVALID, fail

if TYPE_CHECKING:
    from pathlib import Path


def text_of(file: Path) -> str:
    """Return the text of a file, or of stdin for `-`."""
    try:
        given = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return given.decode("utf-8-sig")  # whatever the terminal's encoding is
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        fail(f"{file} cannot be read as UTF-8 text: {reason}", INVALID)
