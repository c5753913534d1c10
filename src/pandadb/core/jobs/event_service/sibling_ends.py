"""Other consumers of a job set end with one of it: killed with their events, or unused."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, func, not_, select, union_all

from pandadb.core.events.kinds import JobKind
from pandadb.core.events.states import EventStatus
from pandadb.core.jobs.effects import MERGE_TAG, has_tag
from pandadb.core.jobs.event_service import consumer_ranges, end_marks, given_jobs
from pandadb.core.jobs.event_service.consumer_outcomes import KEEPS_EVENTS
from pandadb.core.jobs.event_service.consumer_outcomes import has_tag as is_tagged
from pandadb.core.jobs.files.file_status import MASTER_TYPES
from pandadb.core.jobs.mover import move
from pandadb.core.jobs.states import transitions
from pandadb.models import FilesTable4, JediDatasets, JediEvents, JobsActive4
from pandadb.models.jobs.all_tables import LIVE_TABLES
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, CompoundSelect, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

    Rows = Sequence[Mapping[str, Any]]

EVENT, FILE, DATASET, JOB = (
    model.__table__.c for model in (JediEvents, FilesTable4, JediDatasets, JobsActive4)
)
GONE = (EventStatus.DISCARDED, EventStatus.CANCELLED)
KILLED, UNUSED = ("es_killed", 120), ("es_unused", 116)
"""The sub-state and the code of a consumer that ends with another one."""
UNUSED_DIAG = "All events were processed by other jobs"


def kill_owners(session: Transaction, jobs: Rows, host: str) -> dict[int, str]:
    """Cancel the other consumers with ranges of the files of jobs, and drop these ranges.

    Returns the jobs that have ended, each with its state.
    """
    rows = session.execute(_owners(), given_jobs.parameters(jobs)).all()
    found = {row.owner: row for row in rows}
    reasons = {one: f"Job {row.pandaid} of its job set was killed" for one, row in found.items()}
    end_marks.mark(session, {one: (*KILLED, reason) for one, reason in reasons.items()})
    killed = _end(session, "kill", [*found], host)
    kept = {job["pandaid"] for job in jobs if is_tagged(job, KEEPS_EVENTS)}
    for keeps in (False, True):
        owners = [
            (row.jeditaskid, one)
            for one, row in found.items()
            if one in killed and (row.pandaid in kept) is keeps
        ]
        consumer_ranges.drop(session, owners, keeps_results=keeps)
    return killed


@cache
def _owners() -> Select[Any]:
    given = given_jobs.table()
    files = given_jobs.inputs(given).cte("files")
    return (
        select(
            JOB.pandaid.label("owner"),
            func.min(given.c.pandaid).label("pandaid"),
            given.c.jeditaskid,
        )
        .select_from(given)
        .join(files, files.c.pandaid == given.c.pandaid)
        .join(EVENT.pandaid.table, given_jobs.is_of_file(EVENT, files.c))
        .join(JOB.pandaid.table, JOB.pandaid == EVENT.pandaid)
        .where(
            EVENT.status.not_in(GONE),
            JOB.pandaid != given.c.pandaid,
            JOB.jobsetid == given.c.jobsetid,
            func.coalesce(JOB.eventservice, 0) != JobKind.JUMBO,
        )
        .group_by(JOB.pandaid, given.c.jeditaskid)
        .order_by(JOB.pandaid)
    )


def close_unused(
    session: Transaction, jobs: Rows, host: str, *, same_attempt: bool
) -> dict[int, str]:
    """Close the other consumers of the master files of jobs, or of the same attempt of these.

    Returns the jobs that have ended, each with its state. Merge jobs and jumbo jobs stay.
    """
    given = given_jobs.parameters(jobs)
    unused = [*dict.fromkeys(session.scalars(_unused(same_attempt), given))]
    end_marks.mark(session, dict.fromkeys(unused, (*UNUSED, UNUSED_DIAG)))
    return _end(session, "close", unused, host)


@cache
def _unused(same_attempt: bool) -> CompoundSelect[Any]:
    given = given_jobs.table()
    files = given_jobs.inputs(given).cte("files")
    other = FilesTable4.__table__.alias("other").c
    parts = [_sharing(table.__table__.c, files.c, other, same_attempt) for table in LIVE_TABLES]
    return union_all(*parts)


def _sharing(job: Columns, file: Columns, other: Columns, same_attempt: bool) -> Select[Any]:
    is_same = given_jobs.is_of_file(other, file)
    if same_attempt:
        is_same = and_(is_same, other["attemptnr"].is_not_distinct_from(file["attemptnr"]))
    return (
        select(job["pandaid"])
        .select_from(file["pandaid"].table)
        .join(DATASET.datasetid.table, _is_master(file))
        .join(other["pandaid"].table, is_same)
        .join(job["pandaid"].table, job["pandaid"] == other["pandaid"])
        .where(
            other["modificationtime"] == EPOCH,
            job["pandaid"] != file["pandaid"],
            not_(func.coalesce(has_tag(job, MERGE_TAG), false())),
            func.coalesce(job["eventservice"], 0) != JobKind.JUMBO,
        )
        .distinct()
    )


def _is_master(file: Columns) -> ColumnElement[bool]:
    return and_(
        DATASET.jeditaskid == file["jeditaskid"],
        DATASET.datasetid == file["datasetid"],
        DATASET.type.in_(MASTER_TYPES),
        DATASET.masterid.is_(None),
    )


def _end(session: Transaction, verb: str, pandaids: Sequence[int], host: str) -> dict[int, str]:
    """End jobs; the files of their task are left to the job that they end with."""
    if not pandaids:
        return {}
    steps = [*transitions(verb), *transitions(f"{verb} hard")]
    moved, _ = move(session, steps, sorted(pandaids), host=host)
    return moved.jobs
