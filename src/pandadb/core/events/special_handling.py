"""The tags in `specialhandling` about the ranges of events of a job.

A job that is submitted has the events of its files there (`es:…`), for the ranges to be made of
them; a job that is stored has the word `eventservice` in its place. Beside it are flags of two
letters: see `Flag`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pandadb.core.events.kinds import JobKind
from pandadb.core.sql.validation import InvalidValue, check_number, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER = "es:"
EVENT_SERVICE, EVENT_SERVICE_MERGE = "eventservice", "esmerge"
CLONE = "sc"
"""The flag of clones; `sc:1` or `sc:2` says which of them counts."""
RUN_ONCE, STORE_ONCE = f"{CLONE}:1", f"{CLONE}:2"
"""Only one clone runs, or all run and only one stores its output."""
MOST_ATTEMPTS = 10
"""Attempts of a range, unless the entry of its file has another number."""
MOST_EVENTS = 2**53
MOST_RANGES = 10_000_000
"""The most ranges of a file: more are a mistake that would fill the database."""
FORMS = "lfn/events/range, or lfn/first/last/range with /attempts and /offset or without"
NUMBER = re.compile(r"-?[0-9]{1,18}")
ENTRY = re.compile(r"(?:(?P<index>[0-9]+):)?(?P<files>.*)")


class Flag(StrEnum):
    """Flags of jobs with ranges of events."""

    ACCEPTS_PARTIAL = "ap"
    """Some ranges may fail for good."""
    ALL_DONE = "at"
    """No range is left to process: only a merge is."""
    KEEPS_EVENTS = "de"
    """Ranges that are processed are used by the next job set of the file, too."""
    FREE_UNLESS_FAILED = "df"
    """Only failed ranges cost an attempt."""
    DYNAMIC = "dy"
    """The number of events is not known: files are there several times."""
    SAMPLES = "ho"
    """Its ranges are samples of hyperparameters."""
    POSITIONS_IN_FILE = "if"
    """Events are numbered from 1 in each file, not through all files of the job."""
    REGISTERS_ARCHIVES = "re"
    """Archive files with its outputs are registered while it runs."""
    RESURRECTS = "rs"
    """Its job set is kept with it, as consumers of a failed one can be brought back."""


@dataclass(frozen=True)
class FileEvents:
    """The events of a file that ranges are made of."""

    events: int
    range_length: int
    first: int = 0
    """The first event, counted from 0 in the file."""
    attempts: int = MOST_ATTEMPTS
    """Attempts of each range."""


@dataclass(frozen=True)
class EventService:
    """The tags in the `specialhandling` of a submitted job about its ranges."""

    specialhandling: str | None
    """The one that is stored."""
    files: Mapping[str, FileEvents] = field(default_factory=dict)
    """Events by the name of the file; none for a job without ranges of its own."""
    index: str | None = None
    """Jobs of one call with the same index are of one job set, that of the first."""


def has(specialhandling: str | None, word: str) -> bool:
    """Return whether a word is among the entries, with a value or without."""
    entries = (specialhandling or "").split(",")
    return any(entry == word or entry.startswith(f"{word}:") for entry in entries)


def is_event_service(specialhandling: str | None, eventservice: int | None) -> bool:
    """Return whether a stored job takes ranges of events; fine-grained jobs are others."""
    is_fine_grained = eventservice == JobKind.FINE_GRAINED
    return EVENT_SERVICE in (specialhandling or "").split(",") and not is_fine_grained


def with_flag(specialhandling: str | None, flag: str) -> str:
    """Return the entries with a flag, once."""
    entries = [entry for entry in (specialhandling or "").split(",") if entry]
    return ",".join(entries if flag in entries else [*entries, flag])


def decode(specialhandling: str | None) -> EventService:
    """Return the events of the files of a job, and the `specialhandling` to store.

    Raises:
        InvalidValue: An entry is not of any of the forms, or has no events.
    """
    if not specialhandling or HEADER not in specialhandling:
        return EventService(specialhandling)
    files: dict[str, FileEvents] = {}
    index, stored = None, []
    for entry in specialhandling.split(","):
        if not entry.startswith(HEADER):
            stored.append(entry)
            continue
        found = ENTRY.fullmatch(entry.removeprefix(HEADER))
        assert found  # noqa: S101 - of any text
        index = found["index"] or index
        files |= (_file(one) for one in found["files"].split("^") if one)
        stored.append(EVENT_SERVICE)
    return EventService(",".join(stored), files, index)


def _file(text: str) -> tuple[str, FileEvents]:
    """Return the name of a file and its events."""
    lfn, *numbers = text.split("/")
    if not lfn or not 2 <= len(numbers) <= 5 or not all(map(_is_number, numbers)):
        raise InvalidValue(f"specialhandling has {shown(text)} for a file: it has to be {FORMS}")
    first, events, length, attempts = _numbers([*map(int, numbers)])
    limits = {
        "first event": (first, 0, MOST_EVENTS),
        "number of events": (events, 0, MOST_EVENTS),
        "length of a range": (length, 1, MOST_EVENTS),
        "number of attempts": (attempts, 1, 2**15 - 1),
        "number of ranges": (-(-events // max(length, 1)), 0, MOST_RANGES),
    }
    for name, (value, least, most) in limits.items():
        check_number(f"specialhandling: the {name} of {shown(lfn)}", value, least, most)
    return lfn, FileEvents(events, length, first, attempts)


def _is_number(text: str) -> bool:
    return bool(NUMBER.fullmatch(text))


def _numbers(given: list[int]) -> tuple[int, int, int, int]:
    """Return the first event, the number of events, the length of a range and the attempts."""
    if len(given) == 2:
        events, length = given
        return 0, events, length, MOST_ATTEMPTS
    first, last, length, *rest = given
    return first, last - first + 1, length, rest[0] if rest else MOST_ATTEMPTS
