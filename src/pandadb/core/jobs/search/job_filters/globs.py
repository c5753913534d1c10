"""Patterns of a shell (`*`, `?`, `[a-z]`, `[!a-z]`) as conditions on text, for the whole text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement

SPECIAL = "*?["
NOTHING = "(?!)"
"""A regular expression that matches no text."""


def is_glob(text: str) -> bool:
    """Return whether a text has a character that is special in a pattern."""
    return any(letter in text for letter in SPECIAL)


def is_like(column: ColumnElement[Any], patterns: Iterable[str]) -> ColumnElement[bool]:
    """Return whether a column matches one of the patterns; letters match themselves only."""
    plain = [pattern for pattern in patterns if not is_glob(pattern)]
    globs = [_matches(column, pattern) for pattern in patterns if is_glob(pattern)]
    return or_(column.in_(plain), *globs) if plain or not globs else or_(*globs)


def _matches(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """Compare by LIKE where it can, as an index may serve that."""
    if "[" in pattern:
        return column.regexp_match(regular_expression(pattern))
    for special in ("\\", "%", "_"):
        pattern = pattern.replace(special, f"\\{special}")
    return column.like(pattern.replace("*", "%").replace("?", "_"), escape="\\")


def regular_expression(pattern: str) -> str:
    """Return a pattern as an advanced regular expression of PostgreSQL."""
    parts, place = [], 0
    while place < len(pattern):
        letter = pattern[place]
        end = _end_of_set(pattern, place) if letter == "[" else 0
        if end:
            parts.append(_set(pattern[place + 1 : end]))
            place = end
        else:
            parts.append({"*": ".*", "?": "."}.get(letter) or _escaped(letter))
        place += 1
    return f"^(?:{''.join(parts)})$"


def _end_of_set(pattern: str, start: int) -> int:
    """Return the place of the bracket that closes a set; 0 if none does, and it is a letter."""
    first = start + 1 + (pattern[start + 1 : start + 2] == "!")
    return max(pattern.find("]", first + 1), 0)  # a bracket at the beginning is in the set


def _set(text: str) -> str:
    """Return a set of letters as a bracket expression."""
    excludes = text.startswith("!")
    letters = _ranges(text[1:] if excludes else text)
    if not letters:
        return "." if excludes else NOTHING
    return f"[{'^' if excludes else ''}{letters}]"


def _ranges(text: str) -> str:
    """Return letters and ranges; a range that ends before it begins has no letters."""
    parts, place = [], 0
    while place < len(text):
        if text[place + 1 : place + 2] == "-" and place + 2 < len(text):
            low, high = text[place], text[place + 2]
            if low <= high:
                parts.append(f"{_escaped(low)}-{_escaped(high)}")
            place += 3
        else:
            parts.append(_escaped(text[place]))
            place += 1
    return "".join(parts)


def _escaped(letter: str) -> str:
    return letter if letter.isascii() and letter.isalnum() else f"\\U{ord(letter):08x}"
