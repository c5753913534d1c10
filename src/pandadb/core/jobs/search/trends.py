"""Jobs counted by hour, day or week: those that were created, and those that have ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import func, literal, select, union_all

from pandadb.core.jobs.search.counts import ENDED_TABLES
from pandadb.core.jobs.search.filters import conditions, places
from pandadb.core.jobs.search.job_filters.regexes import bounded
from pandadb.core.jobs.states import FINAL
from pandadb.core.sql.expressions import now
from pandadb.core.sql.time_range import seen
from pandadb.core.sql.validation import InvalidValue, check_number, near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.jobs.search.filters import Filter
    from pandadb.core.sql.transaction import Transaction

Interval = Literal["hour", "day", "week"]
INTERVALS: dict[Interval, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
MAX_INTERVALS = 1000
CREATED = "created"


@dataclass
class IntervalCount:
    """The jobs of an hour, a day or a week."""

    since: datetime
    """The first moment of the interval, naive UTC; weeks begin on Monday."""
    created: int = 0
    """Jobs that were created in it."""
    ended: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FINAL, 0))
    """Jobs that ended in it, by their final state."""


def trend(session: Transaction, chosen: Filter, interval: str, number: int) -> list[IntervalCount]:
    """Return the counts of the last intervals, the one that has not ended included.

    The end of a job is its last change: `modificationtime`.

    Raises:
        InvalidValue: There is no such interval, the number is invalid, or the filter is.
    """
    if interval not in INTERVALS:
        raise InvalidValue(f"There is no interval {interval!r}{near(interval, INTERVALS)}")
    check_number("number of intervals", number, 1, MAX_INTERVALS)
    length = INTERVALS[interval]
    last = session.execute(select(func.date_trunc(interval, now()))).scalar_one()
    found = {last - nth * length: IntervalCount(last - nth * length) for nth in range(number)}
    with bounded(session, chosen):
        for since, state, jobs in _counts(session, chosen, interval, min(found)):
            if state == CREATED:
                found[since].created += jobs
            elif since in found:
                found[since].ended[state] += jobs
    return [found[since] for since in sorted(found)]


def _counts(session: Transaction, chosen: Filter, interval: str, first: datetime) -> Sequence[Any]:
    """Return interval, state (or created) and number of jobs, a row for each that has any."""
    parts = []
    for job in places(chosen):
        columns, where = job.__table__.c, [*conditions(chosen, job)]
        events: list[tuple[Any, Any]] = [(columns["creationtime"], literal(CREATED))]
        if job in ENDED_TABLES:
            events.append((columns["modificationtime"], columns["jobstatus"]))
        for moment, state in events:
            since = func.date_trunc(interval, moment)
            part = select(since, state, func.count()).select_from(job)
            during = moment >= seen(first), moment <= now()
            parts.append(part.where(*during, *where).group_by(since, state))
    return session.execute(union_all(*parts)).all() if parts else []
