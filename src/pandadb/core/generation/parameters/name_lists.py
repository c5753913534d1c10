"""Names of files in parameters: in short, in full, by Python's rules."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ATTEMPT = re.compile(r"\.\d+$")
DIGITS_AT_END, DIGITS_AT_START = re.compile(r"\d*$"), re.compile(r"^\d*")


def shortened(names: Sequence[str]) -> str:
    """Return several names in short, `head[1,2]tail`; in full where they differ in more.

    A number of the attempt at the end, `.1`, is left out of each. Head and tail are common to the
    first two, without digits at their inner ends.
    """
    if len(names) < 2:
        return ",".join(names)
    bare = [ATTEMPT.sub("", name) for name in names]
    first, second = bare[:2]
    head = DIGITS_AT_END.sub("", _common(first, second))
    tail = DIGITS_AT_START.sub("", _common(first[::-1], second[::-1])[::-1])
    parts = [name.removeprefix(head).removesuffix(tail) for name in bare]
    if not all(part.isascii() and part.isdigit() for part in parts):
        return ",".join(names)
    return f"{head}[{','.join(parts)}]{tail}"


def listed(names: Sequence[str], *, by_blanks: bool = False, quoted: bool = False) -> str:
    """Return all names, between commas or blanks, in single quotes or not."""
    return (" " if by_blanks else ",").join(f"'{name}'" if quoted else name for name in names)


def _common(one: str, other: str) -> str:
    """Return the beginning that two texts have in common."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return "".join(letter for letter, _ in pairs)
