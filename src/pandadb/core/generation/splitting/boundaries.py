"""Files that may follow each other in a job, by events, boundaries, blocks and names.

Job generation 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pandadb.core.generation.file_events import range_of
from pandadb.core.generation.splitting.limits import CAN_SPLIT, WHOLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.generation.slices import Row
    from pandadb.core.generation.splitting.limits import SliceLimits

FIELD_SEPARATOR = re.compile(r"\.|_tid\d+", re.ASCII)


@dataclass(frozen=True)
class Boundary:
    """The end of a job's input; the next file has to fit it."""

    last: Row
    next_event: int | None = None
    """The event that the next range has to begin with; 0 after the last event of a file."""
    name: str | None = None
    """The file of the last range."""


def follows(file: Row, end: Boundary, limits: SliceLimits) -> bool:
    """Return whether a file may follow in the same job."""
    if (limits.events is not None or limits.is_dynamic) and not _continues(file, end):
        return False
    if limits.boundary in (CAN_SPLIT, WHOLE) and not _shares("boundaryid", file, end.last):
        return False
    if limits.by_lumiblock and not _shares("lumiblocknr", file, end.last):
        return False
    if not limits.fields:
        return True
    return joined_fields(file, limits.fields) == joined_fields(end.last, limits.fields)


def _shares(column: str, file: Row, last: Row) -> bool:
    """Return whether a file has the value of the last one, if that has one."""
    return bool(last[column] is None or file[column] == last[column])


def end_after(file: Row, end: Boundary | None) -> Boundary:
    """Return the end of a job's input after one more file."""
    if range_of(file) is None:
        return Boundary(file) if end is None else replace(end, last=file)
    following = file["endevent"] + 1
    return Boundary(file, 0 if following == file["nevents"] else following, file["lfn"])


def joined_fields(file: Row, fields: Sequence[int]) -> str:
    """Return fields of a file's name, from 1, each after a dot, as far as the name has them."""
    parts = FIELD_SEPARATOR.split(file["lfn"])
    found = []
    for number in fields:
        if not 0 < number <= len(parts):
            break
        found.append(f".{parts[number - 1]}")
    return "".join(found)


def _continues(file: Row, end: Boundary) -> bool:
    """Return whether a range begins where the one before ended; files without range do not jump."""
    if file["startevent"] is None or end.next_event is None:
        return True
    if file["startevent"] != end.next_event:
        return False
    return end.next_event == 0 or end.name is None or file["lfn"] == end.name
