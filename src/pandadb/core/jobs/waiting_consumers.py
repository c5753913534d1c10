"""Jobs of the event service that wait for others, kept from being taken for stale; semantics 2.7.

A heartbeat of a consumer is one of those of its job set that wait in the queue, too; a heartbeat of
a jumbo job is one of the co-jumbo jobs of its task. What another transaction changes is left out.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select, update

from pandadb.core.events.kinds import JobKind
from pandadb.core.events.special_handling import EVENT_SERVICE
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant, now
from pandadb.models import JobsActive4, JobsDefined4, JobsWaiting4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Update

    from pandadb.core.sql.transaction import Transaction

    WaitingTable = type[JobsActive4 | JobsDefined4 | JobsWaiting4]


def touch(session: Transaction, jobs: Sequence[Mapping[str, Any]]) -> None:
    """Set the `modificationtime` of jobs that wait for those that have had a heartbeat."""
    consumers = {
        (job["jeditaskid"], job["jobsetid"])
        for job in jobs
        if EVENT_SERVICE in (job["specialhandling"] or "").split(",")
        and None not in (job["jeditaskid"], job["jobsetid"])
    }
    if consumers:
        tasks, jobsets = zip(*sorted(consumers), strict=True)
        session.execute(_consumers(), {"tasks": [*tasks], "jobsets": [*jobsets]})
    jumbo = {job["jeditaskid"] for job in jobs if job["eventservice"] == JobKind.JUMBO} - {None}
    for table in (JobsDefined4, JobsWaiting4) if jumbo else ():
        session.execute(_co_jumbo(table), {"tasks": sorted(jumbo)})


@cache
def _consumers() -> Update:
    job = JobsActive4.__table__.c
    arrays = {"jeditaskid": id_arrays.array("tasks"), "jobsetid": id_arrays.array("jobsets")}
    given = id_arrays.unnested("given", **arrays)
    is_sibling = and_(job.jeditaskid == given.c.jeditaskid, job.jobsetid == given.c.jobsetid)
    waiting = (
        select(job.pandaid)
        .join(given, is_sibling)
        .where(job.jobstatus == constant("activated"))
        .order_by(job.pandaid)
        .with_for_update(of=JobsActive4.__table__, skip_locked=True, key_share=True)
        .cte("waiting")
        .prefix_with("MATERIALIZED")
    )
    is_chosen = id_arrays.is_one_of(job.pandaid, select(waiting.c.pandaid))
    return update(JobsActive4.__table__).where(is_chosen).values(modificationtime=now())


@cache
def _co_jumbo(table: WaitingTable) -> Update:
    job = table.__table__.c
    waiting = (
        select(job.pandaid)
        .where(
            job.jeditaskid == func.any(id_arrays.array("tasks")),
            job.eventservice == JobKind.CO_JUMBO.value,
            job.jobstatus == constant("waiting"),
        )
        .order_by(job.pandaid)
        .with_for_update(skip_locked=True, key_share=True)
        .cte("waiting")
        .prefix_with("MATERIALIZED")
    )
    is_chosen = id_arrays.is_one_of(job.pandaid, select(waiting.c.pandaid))
    return update(table.__table__).where(is_chosen).values(modificationtime=now())
