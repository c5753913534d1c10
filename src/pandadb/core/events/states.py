"""The values of JEDI_EVENTS.status."""

from __future__ import annotations

from enum import IntEnum


class EventStatus(IntEnum):
    """The state of a range of events."""

    READY = 0
    SENT = 1
    RUNNING = 2
    FINISHED = 3
    """By its job; becomes done, or merged, with the end of the job."""
    CANCELLED = 4
    DISCARDED = 5
    DONE = 6
    FAILED = 7
    FATAL = 8
    MERGED = 9
    CORRUPTED = 10
    RESERVED_FAIL = 98
    """Failed, in a transaction that decides how it goes on."""
    RESERVED_GET = 99
