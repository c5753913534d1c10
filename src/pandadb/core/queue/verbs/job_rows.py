"""Jobs of the job queue as verbs of users see them: locked, with their standing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, literal, select

from pandadb.core.control import flow_locks, groups, locks
from pandadb.core.control.locks import ControlLocked
from pandadb.core.jobs.refusals import JobsLocked, refusing_to_wait
from pandadb.core.jobs.search import lookup
from pandadb.core.queue.verbs.standings import Standing, standing
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl, JobControlArch, JobLease, Jobs
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

CONTROL, LEASE, JOB = JobControl.__table__.c, JobLease.__table__.c, Jobs.__table__.c
ARCHIVED = JobControlArch.__table__.c


@dataclass(frozen=True)
class QueuedJob:
    """A job of the job queue, in its newest attempt."""

    pandaid: int
    jobstatus: str
    standing: Standing
    has_ended: bool
    """Whether it is in a table of jobs that have ended."""
    is_leased: bool
    """Whether a worker has it now."""
    jeditaskid: int | None
    name: str | None
    index_number: int


def read(session: Transaction, pandaids: Collection[int]) -> dict[int, QueuedJob]:
    """Return jobs of the job queue; others, and those that the archive has, are missing."""
    if not pandaids:
        return {}
    found = lookup.live(session, pandaids, _looked_up)
    control = select(
        CONTROL.pandaid,
        CONTROL.held,
        CONTROL.suspended,
        CONTROL.name,
        CONTROL.index_number,
        LEASE.pandaid.label("leased"),
    ).outerjoin(JobLease.__table__, LEASE.pandaid == CONTROL.pandaid)
    rows = session.execute(control.where(is_among(CONTROL.pandaid, found)))
    return {row.pandaid: _job(row, found[row.pandaid]) for row in rows}


def _looked_up(job: JobTable) -> Select[*tuple[Any, ...]]:
    ended = literal(job not in LIVE_TABLES).label("ended")
    return select(job.pandaid, job.jobstatus, job.jobsubstatus, job.jeditaskid, ended)


def _job(row: Any, job: Any) -> QueuedJob:
    return QueuedJob(
        pandaid=row.pandaid,
        jobstatus=job.jobstatus,
        standing=standing(job.jobstatus, job.jobsubstatus, held=row.held, suspended=row.suspended),
        has_ended=job.ended,
        is_leased=row.leased is not None,
        jeditaskid=job.jeditaskid,
        name=row.name,
        index_number=row.index_number,
    )


def archived(session: Transaction, pandaids: Collection[int]) -> dict[int, date | None]:
    """Return jobs of the job queue in the archive, each with the day of its end.

    None is the day of jobs with rows that are not in this database any more.
    """
    known = select(ARCHIVED.pandaid).where(is_among(ARCHIVED.pandaid, pandaids))
    ids = [*session.scalars(known)]
    rows = lookup.rows(session, ids, lambda job: select(job.pandaid, job.modificationtime))
    return {job: rows[job].modificationtime.date() if job in rows else None for job in ids}


def lock(session: Transaction, pandaids: Collection[int], how: Lock = Lock.WAIT) -> list[int]:
    """Lock control rows of jobs, and of their children; return the jobs that have one.

    With SKIP the jobs are left out that another transaction has locked, or a child of theirs.

    Raises:
        JobsLocked: The session's `lock_timeout` has passed.
    """
    skips = Lock.SKIP if how is Lock.SKIP else Lock.WAIT
    try:
        return locks.lock(session, [*pandaids], skips)
    except ControlLocked as error:
        raise JobsLocked(str(error)) from error


def lock_alone(session: Transaction, pandaids: Collection[int], how: Lock = Lock.WAIT) -> list[int]:
    """Lock control rows of jobs and their groups, for verbs without an effect on children.

    Raises:
        JobsLocked: The session's `lock_timeout` has passed.
    """
    mine = _kept(session, CONTROL.pandaid, pandaids, Lock.SKIP if how is Lock.SKIP else Lock.WAIT)
    with refusing_to_wait():
        groups.lock(session, groups.of_jobs(session, mine))
    return mine


def keep(session: Transaction, pandaids: Collection[int], how: Lock = Lock.WAIT) -> list[int]:
    """Lock the rows of jobs, and of no others; return the jobs that have a control row.

    Raises:
        JobsLocked: With NOWAIT, another transaction has locked one; or the session's
            `lock_timeout` has passed.
    """
    mine = _kept(session, CONTROL.pandaid, pandaids, how)
    keep_moves(session, mine, how)
    return mine


def keep_moves(session: Transaction, jobs: Collection[int], how: Lock = Lock.WAIT) -> None:
    """Lock the rows of live jobs in the tables of jobs: no worker can take or end them.

    Raises:
        JobsLocked: See `keep`.
    """
    for table in LIVE_TABLES:
        _kept(session, table.__table__.c.pandaid, jobs, how)


def _kept(
    session: Transaction, pandaid: ColumnElement[int], jobs: Collection[int], how: Lock
) -> list[int]:
    skip, nowait = how is Lock.SKIP, how is Lock.NOWAIT
    rows = select(pandaid).where(is_among(pandaid, jobs)).order_by(pandaid)
    with refusing_to_wait():
        return [*session.scalars(rows.with_for_update(skip_locked=skip, nowait=nowait))]


def lock_flows_of(session: Transaction, jobs: Iterable[QueuedJob]) -> None:
    """Lock the flows of jobs.

    Raises:
        FlowLocked: The session's `lock_timeout` has passed.
    """
    flow_locks.lock(session, sorted(flows_of(jobs)))


def flows_of(jobs: Iterable[QueuedJob]) -> set[int]:
    """Return the flows of jobs."""
    return {job.jeditaskid for job in jobs if job.jeditaskid}


def replaced(session: Transaction, jobs: Collection[QueuedJob]) -> set[int]:
    """Return those of the jobs that have been replaced: their name has a higher index."""
    flows = {job.jeditaskid for job in jobs if job.jeditaskid and job.name}
    if not flows:
        return set()
    newest = (
        select(JOB.jeditaskid, CONTROL.name, func.max(CONTROL.index_number))
        .join(JobControl.__table__, CONTROL.pandaid == JOB.pandaid)
        .where(is_among(JOB.jeditaskid, flows), CONTROL.index_number > 1)
        .group_by(JOB.jeditaskid, CONTROL.name)
    )
    indices = {(flow, name): index for flow, name, index in session.execute(newest)}
    return {
        job.pandaid
        for job in jobs
        if job.index_number < indices.get((job.jeditaskid, job.name), job.index_number)
    }
