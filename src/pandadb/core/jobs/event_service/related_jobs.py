"""Consumers that have ended get another final state with the job that decides on their events.

Semantics 2.13: a job that was merging, closed or failed becomes finished when its events are
merged, and failed when they are not. The job may be in JOBSARCHIVED4, in the archive, or in both.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Boolean, String, bindparam, case, func, literal, select, update

from pandadb.core.events import changes
from pandadb.core.events.changes import EventJob
from pandadb.core.events.kinds import JobKind
from pandadb.core.events.special_handling import EVENT_SERVICE_MERGE, Flag
from pandadb.core.events.states import SUCCESSFUL
from pandadb.core.jobs.ending.discarded_consumers import ENDED_WELL, MOST_DAYS
from pandadb.core.jobs.event_service import given_jobs
from pandadb.core.jobs.event_service.consumer_ranges import is_of_file
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import now
from pandadb.models import JediEvents, JobsArchived, JobsArchived4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

    Rows = Sequence[Mapping[str, Any]]

EVENT = JediEvents.__table__.c


def follow(session: Transaction, jobs: Rows, target: str) -> None:
    """Give the consumers of the files of these jobs the final state of these.

    Unless it is a success their events are dropped; consumers with events to be kept stay.
    """
    if target != "finished":
        jobs = [job for job in jobs if not given_jobs.has(job, Flag.KEEPS_EVENTS)]
    if not jobs:
        return
    merges = [given_jobs.has(job, EVENT_SERVICE_MERGE) for job in jobs]
    given = {
        **given_jobs.parameters(jobs),
        "reasons": [_reason(job, target, merge) for job, merge in zip(jobs, merges, strict=True)],
        "merges": merges,
        "target": target,
    }
    rows = session.execute(_changed(target == "failed"), given)
    owners = [EventJob(*row) for row in rows]
    if target != "finished":
        changes.of_jobs(session, "discard", owners)


def _reason(job: Mapping[str, Any], target: str, is_merge: bool) -> str:
    role = "the merge job" if is_merge else "another job"
    return f"Job {job['pandaid']}, {role} of its job set, is {target}"


@cache
def _changed(has_failed: bool) -> Select[Any]:
    given = id_arrays.unnested(
        "given",
        pandaid=id_arrays.array("pandaids"),
        jeditaskid=id_arrays.array("tasks"),
        jobsetid=id_arrays.array("jobsets"),
        reason=bindparam("reasons", type_=ARRAY(String)),
        is_merge=bindparam("merges", type_=ARRAY(Boolean)),
    )
    files = given_jobs.inputs(given).cte("files")
    owner = (
        select(
            EVENT.jeditaskid,
            EVENT.pandaid,
            func.max(given.c.reason).label("reason"),
            func.bool_or(given.c.is_merge).label("is_merge"),
        )
        .join(files, is_of_file(files.c))
        .join(given, given.c.pandaid == files.c.pandaid)
        .where(EVENT.status.in_(SUCCESSFUL))
        .group_by(EVENT.jeditaskid, EVENT.pandaid)
        .cte("owner")
        .prefix_with("MATERIALIZED")
    )
    parts = []
    for table in (JobsArchived4, JobsArchived):
        job = table.__table__
        new: dict[str, Any] = {
            "jobstatus": bindparam("target", type_=job.c.jobstatus.type),
            "statechangetime": now(),
            "taskbuffererrordiag": owner.c.reason,
        }
        if has_failed:
            new["jobsubstatus"] = case((owner.c.is_merge, "es_merge_failed"), else_="es_ass_failed")
        part = (
            update(job)
            .where(
                job.c.pandaid == owner.c.pandaid,
                job.c.jobstatus.in_(ENDED_WELL),
                job.c.modificationtime > now() - literal(MOST_DAYS),
                job.c.eventservice != JobKind.JUMBO,
            )
            .values(new)
            .returning(owner.c.jeditaskid, owner.c.pandaid)
            .cte(f"in_{job.name}")
        )
        parts.append(part)
    first, second = parts
    rows = select(first.c.jeditaskid, first.c.pandaid).union(
        select(second.c.jeditaskid, second.c.pandaid)
    )
    found = rows.subquery()
    return select(found.c.jeditaskid, found.c.pandaid)
