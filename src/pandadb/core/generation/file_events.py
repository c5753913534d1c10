"""Events of a file: of its range, or all of them. Job generation 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandadb.core.generation.slices import Row


def range_of(file: Row) -> int | None:
    """Return the number of events in the range of a file; None for a file without a range."""
    if file["startevent"] is None or file["endevent"] is None:
        return None
    return int(file["endevent"] - file["startevent"] + 1)


def events_of(file: Row) -> int:
    """Return the events of a file: of its range, else all, else 1."""
    events = range_of(file)
    if events is not None:
        return max(events, 1)
    return max(int(file["nevents"] or 0), 1)
