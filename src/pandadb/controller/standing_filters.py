"""Filters of queued jobs by their states as users see them, such as paused or suspended."""

from __future__ import annotations

from functools import reduce
from operator import or_

from sqlalchemy import exists

from pandadb.core.queue.verbs.standings import (
    BATCH_SUBSTATUS,
    STAGED_SUBSTATUS,
    STATUSES,
    Standing,
    standing_of,
)
from pandadb.models import JobControl, JobsActive4
from pandadb.services.jobs import JobFilter

CONTROL, JOB = JobControl.__table__.c, JobsActive4.__table__.c
SUSPENDED = JobFilter(where=exists().where(CONTROL.pandaid == JOB.pandaid, CONTROL.suspended))
HOLDABLE = ("pending", "activated", "throttled")
PAUSED = JobFilter(held=True, status=HOLDABLE)
MARKED = {
    Standing.BATCHED: JobFilter(status="starting", jobsubstatus=BATCH_SUBSTATUS),
    Standing.BATCH: JobFilter(status="running", jobsubstatus=BATCH_SUBSTATUS),
    Standing.STAGED: JobFilter(status="starting", jobsubstatus=STAGED_SUBSTATUS),
}
"""States that differ by `jobsubstatus`."""


def in_standing(*wanted: Standing | str) -> JobFilter:
    """Return the filter of queued jobs in one of some states: see `Standing`.

    Raises:
        InvalidValue: There is no such state.
    """
    return reduce(or_, (_of(standing_of(one)) for one in wanted)) & JobFilter(controlled=True)


def _of(one: Standing) -> JobFilter:
    if one is Standing.SUSPENDED:
        return SUSPENDED
    if one is Standing.PAUSED:
        return PAUSED & ~SUSPENDED
    if one in MARKED:
        return MARKED[one] & ~SUSPENDED
    statuses = [status for status, standing in STATUSES.items() if standing is one]
    marked = reduce(or_, MARKED.values())
    return JobFilter(status=statuses) & ~SUSPENDED & ~PAUSED & ~marked
