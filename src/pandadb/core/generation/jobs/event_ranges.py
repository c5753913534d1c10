"""The ranges of events of a job's input, as `specialHandling` has them until it is stored.

`es:N:` comes before the ranges of each file, which are separated by `^`; jobs with the same N are
of one jobset. The parts of a file's are its name, its first and last event, the events of a range,
the attempts of each, and the events before the file. Job generation 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.events.special_handling import HEADER, MOST_ATTEMPTS
from pandadb.core.generation.file_events import range_of
from pandadb.core.generation.job_request import NotGenerated
from pandadb.core.generation.jobs import event_service

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Row, Slice

SEPARATOR = "^"
FORBIDDEN = ",/^"
"""Characters that separate parts: a name must not have them."""


def jobset_numbers(request: JobRequest, slices: Sequence[Slice]) -> list[int | None]:
    """Return the number of the jobset of each slice in this call; None for ordinary jobs."""
    found: list[int | None] = []
    number = 0
    for one in slices:
        takes_ranges = event_service.takes_ranges(request, one.queue)
        found.append(number if takes_ranges else None)
        number += takes_ranges
    return found


def ranges(request: JobRequest, one: Slice, jobset: int) -> str:
    """Return the ranges of a job's input, the N-th of the call.

    Raises:
        NotGenerated: The events of a file, or of a range, are not known.
    """
    (_, masters), *_ = one.inputs
    files = masters[:1] if request.has("useJobCloning") else masters
    text = SEPARATOR.join(_of_file(request, file) for file in files)
    return f"{HEADER}{jobset}:{text}"


def _of_file(request: JobRequest, file: Row) -> str:
    start = file["startevent"] or 0
    end = file["endevent"]
    if end is None:
        end = _events(file) - 1
    attempts = request.number("maxAttemptES")
    parts: list[object] = [
        _name(file),
        start,
        max(start, end),
        _events_of_range(request, file),
        MOST_ATTEMPTS if attempts is None else attempts,
        *_offset(request, file),
    ]
    return "/".join(map(str, parts))


def _events_of_range(request: JobRequest, file: Row) -> int:
    if request.has("useJobCloning"):
        events = range_of(file)
        return max(_events(file) if events is None else events, 1)
    if request.has("fineGrainedProc"):
        return 1
    number = request.number("nEventsPerWorker")
    if not number:
        raise NotGenerated("a task of the event service needs the events of a range (ES)")
    return number


def _offset(request: JobRequest, file: Row) -> Iterator[int]:
    """Yield the number of events before the file; none if numbers are those in the file (IF)."""
    if request.has("inFilePosEvtNum"):
        return
    first, before = file["firstevent"], request.number("firstEvent") or 0
    yield 0 if first is None else first - before


def _events(file: Row) -> int:
    if file["nevents"] is None:
        raise NotGenerated(f"the number of events of {file['lfn']} is not known")
    return int(file["nevents"])


def _name(file: Row) -> str:
    if any(one in FORBIDDEN for one in file["lfn"]):
        raise NotGenerated(
            f"the name {file['lfn']!r} cannot be that of a file with ranges of events: it has one"
            f" of the characters {FORBIDDEN}"
        )
    return str(file["lfn"])
