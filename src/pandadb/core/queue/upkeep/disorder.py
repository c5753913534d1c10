"""Rows of the job queue that contradict the tables of jobs, since others have moved the jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, exists, func, literal, or_, select, union, update
from sqlalchemy.dialects.postgresql import JSONB, array

from pandadb.core.archive.transfer.control_rows import has_gone
from pandadb.core.control.dependencies import is_ready
from pandadb.core.control.followers import JOB_ENDED
from pandadb.core.gateway import runs
from pandadb.core.jobs.states import FINAL, WITH_WORKER
from pandadb.core.queue.steps.job_steps import SUBMITTED_SUBSTATUS
from pandadb.core.queue.verbs.standings import BATCH_SUBSTATUS, STAGED_SUBSTATUS
from pandadb.core.sql.expressions import constant, now
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import (
    GatewayRun,
    JobControl,
    JobDependency,
    JobGroupMember,
    JobLease,
    JobsActive4,
    JobsArchived4,
    JobsDefined4,
    Outbox,
)
from pandadb.models.jobs.all_tables import UNARCHIVED_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

CONTROL, LEASE, EDGE, MEMBER = (
    model.__table__.c for model in (JobControl, JobLease, JobDependency, JobGroupMember)
)
ACTIVE, DEFINED, ENDED = (m.__table__.c for m in (JobsActive4, JobsDefined4, JobsArchived4))
ORPHANED = timedelta(minutes=10)
"""How long a job that no worker has may be in a state of jobs of workers."""
BETWEEN_STEPS = (STAGED_SUBSTATUS, SUBMITTED_SUBSTATUS, BATCH_SUBSTATUS)
AT_SITE = ("process", "run_dir", "batch")
"""Details of jobs that a runner has brought to another machine."""
ANNOUNCED = timedelta(days=1)
"""How long after the end of a job its event is made up for."""


def end_leases(session: Transaction) -> list[int]:
    """Delete the leases of jobs that no worker can have; return the jobs."""
    is_held = exists().where(ACTIVE.pandaid == LEASE.pandaid, ACTIVE.jobstatus.in_(WITH_WORKER))
    free = select(LEASE.pandaid).where(~is_held).order_by(LEASE.pandaid)
    locked = [*session.scalars(free.with_for_update(skip_locked=True))]
    if not locked:
        return []
    mine = is_among(LEASE.pandaid, locked)  # looked at again: a claim may have replaced one
    gone = delete(JobLease.__table__).where(mine, ~is_held).returning(LEASE.pandaid)
    return sorted(session.scalars(gone))


def unnoted_ends(session: Transaction, limit: int) -> list[int]:
    """Return jobs that have ended, or are nowhere, unknown to their children or others."""
    parents = select(EDGE.parent).where(EDGE.parent_state.is_(None), *_are_over(EDGE.parent))
    members = select(MEMBER.pandaid).where(*_are_over(MEMBER.pandaid))
    keys = select(CONTROL.pandaid).where(
        CONTROL.dedupe_key.is_not(None), *_are_over(CONTROL.pandaid)
    )
    event, run = Outbox.__table__.c, GatewayRun.__table__.c
    of_run = exists().where(run.pandaid == CONTROL.pandaid)  # its events are others
    silent = (
        select(CONTROL.pandaid)
        .join(JobsArchived4.__table__, ENDED.pandaid == CONTROL.pandaid)
        .where(
            CONTROL.announces,
            ENDED.modificationtime > now() - ANNOUNCED,
            ENDED.jobstatus.in_(FINAL),
            ~exists().where(event.pandaid == CONTROL.pandaid, event.kind == constant(JOB_ENDED)),
            or_(~of_run, of_run.where(run.status.in_(runs.LIVE))),
        )
    )
    found = union(parents, members, keys, silent).subquery()
    return _first(session, found.c[0], limit)


def _are_over(pandaid: ColumnElement[int]) -> list[ColumnElement[bool]]:
    """Match jobs that no table has before that of ended jobs."""
    live = [job for job in UNARCHIVED_TABLES if job is not JobsArchived4]
    rests = exists().where(ENDED.pandaid == pandaid, ENDED.jobstatus.not_in(FINAL))
    return [~rests, *(~exists().where(job.__table__.c.pandaid == pandaid) for job in live)]


def absent_members(session: Transaction, limit: int) -> list[int]:
    """Return members of groups that are not among the jobs that can run."""
    is_there = exists().where(ACTIVE.pandaid == MEMBER.pandaid)
    return _first(session, MEMBER.pandaid, limit, ~is_there)


def strangers(session: Transaction, limit: int) -> list[int]:
    """Return jobs of groups that could run, and have no place there or do not wait for one."""
    is_held = exists().where(LEASE.pandaid == ACTIVE.pandaid)
    is_waiting = ACTIVE.jobstatus == "throttled"
    could_run = or_(ACTIVE.jobstatus == "activated", is_waiting, is_held)
    rows = (
        select(ACTIVE.pandaid)
        .join(JobControl.__table__, CONTROL.pandaid == ACTIVE.pandaid)
        .outerjoin(JobGroupMember.__table__, MEMBER.pandaid == ACTIVE.pandaid)
        .where(
            CONTROL.group_key.is_not(None),
            ~CONTROL.held,
            could_run,
            or_(MEMBER.pandaid.is_(None), and_(~MEMBER.admitted, ~is_waiting)),
        )
    )
    return _first(session, rows.subquery().c.pandaid, limit)


def admit_running(session: Transaction, jobs: Collection[int]) -> None:
    """Give those of the jobs that workers have a place in their groups, beyond the limit if so."""
    runs = exists().where(ACTIVE.pandaid == MEMBER.pandaid, ACTIVE.jobstatus.in_(WITH_WORKER))
    admitted = update(JobGroupMember.__table__).where(is_among(MEMBER.pandaid, jobs), runs)
    session.execute(admitted.values(admitted=True))


def orphans(session: Transaction, limit: int) -> list[int]:
    """Return jobs in states of jobs of workers that have been without a lease for long.

    Not those that wait for a runner or a user between two steps, or that a batch system has.
    """
    is_held = exists().where(LEASE.pandaid == ACTIVE.pandaid)
    at_site = func.coalesce(CONTROL.details, literal({}, JSONB)).has_any(array(AT_SITE))
    rows = (
        select(ACTIVE.pandaid)
        .join(JobControl.__table__, CONTROL.pandaid == ACTIVE.pandaid)
        .where(
            ACTIVE.jobstatus.in_(WITH_WORKER),
            func.coalesce(ACTIVE.jobsubstatus, "").not_in(BETWEEN_STEPS),
            func.greatest(ACTIVE.statechangetime, CONTROL.last_changed) < now() - ORPHANED,
            ~CONTROL.suspended,
            CONTROL.run_after.is_(None),
            ~at_site,
            ~is_held,
        )
    )
    return _first(session, rows.subquery().c.pandaid, limit)


def ready(session: Transaction, limit: int) -> list[int]:
    """Return pending jobs that wait for nothing, no time either: those have a call of their own."""
    rows = (
        select(DEFINED.pandaid)
        .join(JobControl.__table__, CONTROL.pandaid == DEFINED.pandaid)
        .where(DEFINED.jobstatus == "pending", CONTROL.run_after.is_(None), is_ready())
    )
    return _first(session, rows.subquery().c.pandaid, limit)


def left_over(session: Transaction, limit: int) -> list[int]:
    """Return jobs with a control row that no table has before the archive."""
    return _first(session, CONTROL.pandaid, limit, *has_gone(CONTROL.pandaid))


def _first(
    session: Transaction, pandaid: ColumnElement[Any], limit: int, *where: ColumnElement[bool]
) -> list[int]:
    rows = select(pandaid).where(*where).order_by(pandaid).limit(limit)
    return [*session.scalars(rows)]
