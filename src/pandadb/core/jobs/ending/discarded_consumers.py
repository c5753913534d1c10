"""Jobs of the event service whose processed ranges are discarded: they have failed; semantics 2.1.

They had ended well: a new job set of their file makes their output useless.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select, update

from pandadb.core.datasets.file_keys import KEY as FILE_KEY
from pandadb.core.events.kinds import JobKind
from pandadb.core.events.states import SUCCESSFUL
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant, constants, now
from pandadb.models import JediEvents, JobsArchived, JobsArchived4

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, Update

    from pandadb.core.events.creation import NewRanges
    from pandadb.core.sql.transaction import Transaction

ENDED_WELL = ("closed", "merging", "failed")
"""States in which a consumer may have processed ranges; it is failed for another reason then."""
MOST_DAYS = timedelta(days=90)
"""Jobs that ended before are left alone."""
DISCARDED = {
    "jobstatus": "failed",
    "jobsubstatus": "es_discard",
    "taskbuffererrordiag": "its events were discarded: its input has a new job set",
}
EVENT = JediEvents.__table__.c


def fail(session: Transaction, new: Sequence[NewRanges]) -> None:
    """Fail the jobs that have processed ranges of files, before new ranges are made of these."""
    if not new:
        return
    given = {f"{name}s": [getattr(one, name) for one in new] for name in FILE_KEY}
    for table in (JobsArchived4, JobsArchived):
        session.execute(_failed(table), given)


@cache
def _failed(table: type[JobsArchived4 | JobsArchived]) -> Update:
    job, consumers = table.__table__.c, _consumers()
    is_recent = job.modificationtime > now() - MOST_DAYS
    ended = (
        select(job.pandaid, job.modificationtime)
        .where(
            id_arrays.is_one_of(job.pandaid, select(consumers.c.pandaid)),
            job.jobstatus.in_(constants(ENDED_WELL)),
            job.eventservice != JobKind.JUMBO.value,
            is_recent,
        )
        .order_by(job.pandaid)
        .with_for_update(of=table.__table__)
        .cte("ended")
        .prefix_with("MATERIALIZED")
    )
    values: dict[str, Any] = {name: constant(text) for name, text in DISCARDED.items()}
    return (
        update(table.__table__)
        .where(job.pandaid == ended.c.pandaid, job.modificationtime == ended.c.modificationtime)
        .values(**values, statechangetime=now())
    )


def _consumers() -> CTE:
    given = id_arrays.unnested("given", **{n: id_arrays.array(f"{n}s") for n in FILE_KEY}).c
    of_file = and_(*(EVENT[name] == given[name] for name in FILE_KEY))
    return (
        select(EVENT.pandaid)
        .join(given.fileid.table, of_file)
        .where(EVENT.status.in_(constants(status.value for status in SUCCESSFUL)))
        .distinct()
        .cte("consumers")
        .prefix_with("MATERIALIZED")
    )
