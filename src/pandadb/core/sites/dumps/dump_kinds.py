"""The kinds of dumps, and how a JSON text is read as some of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NoReturn

from pandadb.core.sql.validation import InvalidValue, near, shown

Dumps = Mapping["DumpKind", Any]
"""Dumps by kind, as JSON has them: each part of a load validates those that it reads."""


class DumpKind(StrEnum):
    """The kinds of dumps (semantics 8); each is a name in a file of several."""

    SITES = "sites"
    DDM_ENDPOINTS = "ddmendpoints"
    PANDA_QUEUES = "pandaqueues"
    BLACKLIST_WRITE = "blacklist_write"
    BLACKLIST_READ = "blacklist_read"
    BLACKLIST_FULL = "blacklist_full"
    RSE_USAGE = "rse_usage"
    TAGS = "tags"
    SITE_STATS = "site_stats"
    NWS = "nws"
    COST_MATRIX = "cost_matrix"


UNREADABLE = re.compile(r"\\u0000|\\u[dD][89abcdefABCDEF]|\0")
"""Possible characters that PostgreSQL does not take, in the text of JSON."""


def read_dumps(text: str, name: str = "the file") -> dict[DumpKind, Any]:
    """Return the dumps of a JSON text: an object with a dump for each kind.

    Raises:
        InvalidValue: The text is no such JSON; the sentence names the file.
    """
    found = read_json(text, name)
    if not isinstance(found, dict):
        raise InvalidValue(f"{name} is an object of dumps ({_names()}), not {shown(found)}")
    for kind in found:
        if kind not in {*DumpKind}:
            raise InvalidValue(
                f"{name}: {shown(kind)} is no kind of dump{near(kind, DumpKind) or f': {_names()}'}"
            )
    return {DumpKind(kind): dump for kind, dump in found.items()}


def read_json(text: str, name: str) -> Any:
    """Return the value of a JSON text, with characters and numbers that PostgreSQL takes.

    Of a name that is there twice in an object, the last value counts.

    Raises:
        InvalidValue: The text is no JSON, or has NUL, half a character of UTF-16, NaN or an
            infinite number.
    """
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"{name} is no JSON: {error}") from None
    check_characters(text, found, name)
    return found


def check_characters(text: str, found: Any, name: str) -> None:
    """See that PostgreSQL takes the characters of a JSON text, the form of `found`.

    Raises:
        InvalidValue: It has NUL, or half a character of UTF-16.
    """
    if not ("\\u" in text or "\0" in text) or not UNREADABLE.search(text):
        return
    written = json.dumps(found, ensure_ascii=False)
    if re.search(r"(?<!\\)(\\\\)*\\u0000", written):
        raise InvalidValue(f"{name} has a NUL character in a text, which PostgreSQL does not take")
    try:
        written.encode()
    except UnicodeEncodeError as error:
        odd = shown(written[max(error.start - 20, 0) : error.end])
        raise InvalidValue(f"{name} has half a character, {odd}: it is not UTF-8") from None


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _names() -> str:
    return ", ".join(DumpKind)
