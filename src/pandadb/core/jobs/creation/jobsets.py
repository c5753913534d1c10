"""Job sets of new jobs of the event service: their numbers, ranges of events and history.

The first job of a job set has its ranges made; others of the call, or of later calls that know the
job set, take from them. A job set has a number of the sequence of PandaIDs. Semantics 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.events import creation, special_handling
from pandadb.core.events.creation import NewRanges
from pandadb.core.events.special_handling import EventService, Flag
from pandadb.core.jobs.attempts import retry_history
from pandadb.core.jobs.ending import discarded_consumers
from pandadb.core.sql import id_arrays
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JediJobRetryHistory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence

    from sqlalchemy import Select

    from pandadb.core.jobs.creation.submission import NewJob
    from pandadb.core.sql.transaction import Transaction

    Row = MutableMapping[str, Any]
    Jobsets = MutableMapping[str, int]
    """The job sets of earlier calls by the index of their jobs."""

JEDI = "jedi"


@dataclass
class JobsetPlan:
    """The job sets of the jobs of a call."""

    services: Sequence[EventService]
    """What each job says of its ranges."""
    founders: dict[int, int] = field(default_factory=dict)
    """The places of the first jobs of new job sets, each with the place of its number."""
    members: dict[int, int | str] = field(default_factory=dict)
    """The places of other jobs: the place of the first of their job set, or its index."""


def decode(jobs: Sequence[NewJob]) -> tuple[list[NewJob], list[EventService]]:
    """Return the jobs as they are stored, and what they said of their ranges.

    The files of jobs with ranges are sorted by name: events are numbered in their order.

    Raises:
        InvalidValue: The `specialhandling` of a job has a malformed entry; the sentence names it.
    """
    stored: list[NewJob] = []
    services: list[EventService] = []
    for number, job in enumerate(jobs, start=1):
        text = job.columns.get("specialhandling")
        try:
            service = special_handling.decode(text) if isinstance(text, str) else EventService(text)
        except InvalidValue as error:
            raise InvalidValue(f"job {number} of {len(jobs)}: {error}") from None
        if service.files:
            columns = {**job.columns, "specialhandling": service.specialhandling}
            files = sorted(job.files, key=lambda file: file.get("lfn") or "")
            job = replace(job, columns=columns, files=files)  # noqa: PLW2901
        stored.append(job)
        services.append(service)
    return stored, services


def plan(services: Sequence[EventService], known: Mapping[str, int]) -> JobsetPlan:
    """Return which jobs are the first of new job sets. Jobs without an index have one each."""
    planned, first = JobsetPlan(services), dict[str, int]()
    for place, service in enumerate(services):
        if not service.files:
            continue
        if service.index in known:
            planned.members[place] = service.index or ""
        elif service.index in first:
            planned.members[place] = first[service.index]
        else:
            planned.founders[place] = len(planned.founders)
            if service.index is not None:
                first[service.index] = place
    return planned


def assign(
    planned: JobsetPlan, numbers: Sequence[int], rows: Sequence[Row], known: Jobsets
) -> None:
    """Set the `jobsetid` of the jobs; note new job sets in those that are known."""
    for place, number in planned.founders.items():
        rows[place]["jobsetid"] = numbers[number]
        index = planned.services[place].index
        if index is not None:
            known[index] = numbers[number]
    for place, of in planned.members.items():
        rows[place]["jobsetid"] = known[of] if isinstance(of, str) else rows[of]["jobsetid"]


def consumers(planned: JobsetPlan, rows: Sequence[Row]) -> set[int]:
    """Return the PandaIDs of jobs that take ranges of a job set of another job."""
    return {
        row["pandaid"]
        for place, row in enumerate(rows)
        if place not in planned.founders
        and special_handling.is_event_service(row.get("specialhandling"), row.get("eventservice"))
    }


def make_ranges(
    session: Transaction, planned: JobsetPlan, jobs: Sequence[NewJob], rows: Sequence[Row]
) -> None:
    """Make the ranges of new job sets of JEDI's jobs, in the place of older ones of their files.

    A job that keeps events and has none left to process gets the flag for that.
    """
    new = {
        place: [*_ranges(jobs[place], planned.services[place], rows[place])]
        for place in planned.founders
        if rows[place].get("lockedby") == JEDI
    }
    ranges = [one for found in new.values() for one in found]
    discarded_consumers.fail(session, [one for one in ranges if not one.keeps_events])
    made = creation.make(session, ranges)
    for place in planned.founders:
        row = rows[place]
        if _keeps_events(row) and not made.get(row["jobsetid"]):
            row["specialhandling"] = special_handling.with_flag(
                row["specialhandling"], Flag.ALL_DONE
            )


def _keeps_events(row: Mapping[str, Any]) -> bool:
    return special_handling.has(row.get("specialhandling"), Flag.KEEPS_EVENTS)


def _ranges(job: NewJob, service: EventService, row: Row) -> Iterator[NewRanges]:
    in_file = special_handling.has(row["specialhandling"], Flag.POSITIONS_IN_FILE)
    before = 0
    for file in job.files:
        events = service.files.get(file.get("lfn") or "")
        if events is None or file.get("fileid") is None:
            continue
        yield NewRanges(
            file["jeditaskid"],
            file["datasetid"],
            file["fileid"],
            row["jobsetid"],
            events.first + (0 if in_file else before),
            events.events,
            events.range_length,
            events.attempts,
            _keeps_events(row),
        )
        before += events.events


def note(
    session: Transaction, planned: JobsetPlan, jobs: Sequence[NewJob], rows: Sequence[Row]
) -> None:
    """Note the job sets of new jobs, and those that new job sets replace."""
    founding = [(jobs[place], rows[place]) for place in planned.founders]
    founding = [(job, row) for job, row in founding if row.get("jeditaskid")]
    of = [(row["jeditaskid"], row["jobsetid"], row["pandaid"]) for _, row in founding]
    retry_history.note(session, of, "jobset_id")
    retry_history.note(session, _replaced(session, founding), "jobset_retry")
    retry_history.note(session, [*_mapped(rows)], "jobset_map")


def _replaced(
    session: Transaction, founding: Iterable[tuple[NewJob, Row]]
) -> list[tuple[int, int, int]]:
    """Return (task, old job set, new one) of job sets whose jobs are replaced."""
    old = [
        (row["jeditaskid"], pandaid, row["jobsetid"])
        for job, row in founding
        for pandaid in job.replaces
    ]
    if not old:
        return []
    tasks, jobs, new = (list(ids) for ids in zip(*old, strict=True))
    rows = session.execute(_old_jobsets(), {"tasks": tasks, "jobs": jobs, "new": new})
    return [tuple(row) for row in rows]


@cache
def _old_jobsets() -> Select[Any]:
    arrays = {"jeditaskid": "tasks", "pandaid": "jobs", "jobset": "new"}
    given = id_arrays.unnested("given", **{n: id_arrays.array(a) for n, a in arrays.items()}).c
    history = JediJobRetryHistory.__table__.c
    return (
        select(given.jeditaskid, history.oldpandaid, given.jobset)
        .where(
            history.jeditaskid == given.jeditaskid,
            history.newpandaid == given.pandaid,
            history.relationtype == "jobset_id",
        )
        .distinct()
    )


def _mapped(rows: Sequence[Row]) -> Iterator[tuple[int, int, int]]:
    """Yield (task, job, job set) of jobs whose job set is kept with them."""
    for row in rows:
        text = row.get("specialhandling")
        if (
            row.get("jeditaskid")
            and row.get("jobsetid")
            and special_handling.is_event_service(text, row.get("eventservice"))
            and special_handling.has(text, Flag.RESURRECTS)
        ):
            yield row["jeditaskid"], row["pandaid"], row["jobsetid"]
