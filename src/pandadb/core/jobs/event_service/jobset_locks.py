"""Jobs that end by their ranges of events: found, and locked with the jobs of their job sets."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import and_, exists, false, func, not_, or_, select, tuple_, union_all

from pandadb.core.events.kinds import JobKind
from pandadb.core.events.special_handling import EVENT_SERVICE, EVENT_SERVICE_MERGE, Flag
from pandadb.core.jobs.effects import BY_EVENTS, IS_CLONE, has_tag
from pandadb.core.jobs.event_service import given_jobs
from pandadb.core.jobs.files.file_status import CLOSED_TASKS
from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.sql import id_arrays
from pandadb.core.sql.transaction import Lock
from pandadb.models import JediTasks
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, CompoundSelect, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns
    from pandadb.models.jobs.all_tables import JobTable

TASK = JediTasks.__table__.c
Row = TypeVar("Row", bound="Mapping[str, Any]")


def chosen(session: Transaction, pandaids: Sequence[int]) -> list[int]:
    """Return those of the jobs that live and end by ranges of events; clones do not."""
    return [*session.scalars(_chosen(), {"pandaids": [*pandaids]})]


@cache
def _chosen() -> CompoundSelect[Any]:
    parts = []
    for table in LIVE_TABLES:
        job = table.__table__.c
        is_clone = func.coalesce(IS_CLONE.of(job), false())
        found = select(job.pandaid).where(id_arrays.is_given(job.pandaid), BY_EVENTS.of(job))
        parts.append(found.where(not_(is_clone)))
    return union_all(*parts)


def lock(session: Transaction, pandaids: Sequence[int], how: Lock) -> list[int]:
    """Lock all live jobs of the job sets of these jobs, in the order of their ids in each table.

    Returns the jobs that are locked with all their job set; with SKIP some may not be.

    Raises:
        JobsLocked: With NOWAIT, another transaction has locked one of them.
    """
    given, locked = {"pandaids": [*pandaids]}, set[int]()
    with refusing_to_wait():
        for table in LIVE_TABLES:
            locked.update(session.scalars(_locked(table, how), given))
    if how is not Lock.SKIP:
        return [pandaid for pandaid in pandaids if pandaid in locked]
    busy = {given for given, member in session.execute(_members(), given) if member not in locked}
    return [pandaid for pandaid in pandaids if pandaid in locked and pandaid not in busy]


@cache
def _locked(table: JobTable, how: Lock) -> Select[Any]:
    job = table.__table__.c
    sets = select(_sets().c.jeditaskid, _sets().c.jobsetid)
    of_set = tuple_(job.jeditaskid, job.jobsetid).in_(sets)
    return (
        select(job.pandaid)
        .where(or_(id_arrays.is_given(job.pandaid), of_set))
        .order_by(job.pandaid)
        .with_for_update(skip_locked=how is Lock.SKIP, nowait=how is Lock.NOWAIT)
    )


@cache
def _sets() -> Any:
    """Return the job sets of the jobs `pandaids`; only those of consumers and of merges."""
    parts = []
    for table in LIVE_TABLES:
        job = table.__table__.c
        parts.append(
            select(job.pandaid, job.jeditaskid, job.jobsetid).where(
                id_arrays.is_given(job.pandaid), shares_ranges(job)
            )
        )
    return union_all(*parts).cte("sets")


def shares_ranges(job: Columns) -> ColumnElement[bool]:
    """Return whether the ranges of a job are those of its job set."""
    is_fine_grained = func.coalesce(job["eventservice"], 0) == JobKind.FINE_GRAINED
    return or_(has_tag(job, EVENT_SERVICE, EVENT_SERVICE_MERGE), is_fine_grained)


@cache
def _members() -> Select[Any]:
    sets, parts = _sets(), []
    for table in LIVE_TABLES:
        job = table.__table__.c
        of_set = and_(job.jeditaskid == sets.c.jeditaskid, job.jobsetid == sets.c.jobsetid)
        parts.append(
            select(sets.c.pandaid, job.pandaid.label("member")).join(job.pandaid.table, of_set)
        )
    return select(union_all(*parts).subquery())


def read(session: Transaction, pandaids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the jobs that still live, all their columns, in the order of their ids.

    With `is_open`, whether their task counts their ends, and `usejumbo` of the task.
    """
    found = [
        dict(row)
        for table in LIVE_TABLES
        for row in session.execute(_read(table), {"pandaids": [*pandaids]}).mappings()
    ]
    return sorted(found, key=lambda row: int(row["pandaid"]))


@cache
def _read(table: JobTable) -> Select[Any]:
    job = table.__table__.c
    is_open = exists().where(TASK.jeditaskid == job.jeditaskid, TASK.status.not_in(CLOSED_TASKS))
    usejumbo = select(TASK.usejumbo).where(TASK.jeditaskid == job.jeditaskid).scalar_subquery()
    return select(*job, is_open.label("is_open"), usejumbo.label("usejumbo")).where(
        id_arrays.is_given(job.pandaid)
    )


def first_of_each(jobs: Iterable[Row]) -> list[Row]:
    """Return the first job of each job set; jobs that try hyperparameters share no ranges."""
    found: dict[tuple[Any, ...], Row] = {}
    for job in jobs:
        alone = job["jobsetid"] is None or given_jobs.has(job, Flag.SAMPLES)
        key = (job["pandaid"],) if alone else (job["jeditaskid"], job["jobsetid"])
        found.setdefault(key, job)
    return [*found.values()]
