"""Names of files in parameters: in short, in full, by Python's rules."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ATTEMPT = re.compile(r"\.\d+$")
DIGITS_AT_END, DIGITS_AT_START = re.compile(r"\d*$"), re.compile(r"^\d*")


def shortened(names: Sequence[str]) -> str:
    """Return several names in short, `head[1,2]tail`; in full where they differ in more.

    A number of the attempt at the end, `.1`, is left out of each. Head and tail are what the first
    two have in common, without digits at their inner ends.
    """
    if len(names) < 2:
        return ",".join(names)
    bare = [ATTEMPT.sub("", name) for name in names]
    head = DIGITS_AT_END.sub("", os.path.commonprefix(bare[:2]))
    tail = DIGITS_AT_START.sub("", os.path.commonprefix([name[::-1] for name in bare[:2]])[::-1])
    parts = [name.removeprefix(head).removesuffix(tail) for name in bare]
    if not all(part.isascii() and part.isdigit() for part in parts):
        return ",".join(names)
    return f"{head}[{','.join(parts)}]{tail}"


def listed(names: Sequence[str], *, by_blanks: bool = False, quoted: bool = False) -> str:
    """Return all names, between commas or blanks, in single quotes or not."""
    return (" " if by_blanks else ",").join(f"'{name}'" if quoted else name for name in names)
