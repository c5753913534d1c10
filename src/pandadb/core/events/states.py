"""The values of JEDI_EVENTS.status."""

from __future__ import annotations

from enum import IntEnum


class EventStatus(IntEnum):
    """The state of a range of events; its name in lower case is PanDA's word for it."""

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

    @property
    def word(self) -> str:
        """The word for it in the answers of PanDA's server."""
        return self.name.lower()


KEY = ("jeditaskid", "pandaid", "fileid", "job_processid")
"""The columns that identify a range."""
SUCCESSFUL = (EventStatus.FINISHED, EventStatus.DONE, EventStatus.MERGED)
"""States of ranges that count in a job's `nevents`."""
