"""Recount of JOB_METRICS: the time that each job has queued (semantics 2.7).

A job with the time at which its task was queued, `tq=` in `specialhandling`, has a `queuingPeriod`
from then to its first run, or to its end if that comes first. Both are in JOBS_STATUSLOG. Jobs that
ended without a run when their task had ended need none. A period that is there has to begin at
`tq`; its end is left as it is, since the log may be a moment younger.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    Float,
    String,
    and_,
    bindparam,
    cast,
    exists,
    false,
    func,
    insert,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from pandadb.core.jobs import states
from pandadb.core.jobs.effects import HAS_QUEUED_TIME, QUEUED_TIME_PATTERN
from pandadb.core.jobs.files.file_status import CLOSED_TASKS
from pandadb.core.jobs.queuing_periods import json_time
from pandadb.core.sql.expressions import constant, constants, now
from pandadb.core.sql.id_arrays import array, unnested
from pandadb.core.tasks.recounting.late_ends import was_closed
from pandadb.core.tasks.recounting.wrong_values import WrongValue
from pandadb.models import JediTasks, JobMetrics, JobsStatusLog
from pandadb.models.jobs.all_tables import JOB_TABLES
from pandadb.models.types import EPOCH, Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import BindParameter, ColumnElement, Row, Select
    from sqlalchemy.sql.selectable import LateralFromClause

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

JOB, LOG, TASK = (m.__table__.c for m in (JobMetrics, JobsStatusLog, JediTasks))
PERIOD = "queuingPeriod"
SECONDS = "YYYY-MM-DD HH24:MI:SS"
"""The beginning of a time in the data; parts of seconds are written or not."""
NO_LOG = "The log of the job does not tell when it ran or ended"
BROKEN = "The data of the job are no JSON object"
COLUMNS = ("pandaid", "jeditaskid", "queued", "ended", "status")


def recount(
    session: Transaction, tasks: Sequence[int] | None = None, *, repair: bool = True
) -> list[WrongValue]:
    """Return the jobs of tasks with a wrong period, or without one, and repair them.

    Of all tasks those that have not ended. The start is the right one: that of the job.
    """
    given = {} if tasks is None else {"tasks": [*tasks]}
    rows = session.execute(_wrong(every=tasks is None), given).all()
    if repair and (sound := [row for row in rows if _obstacle(row) is None]):
        _repair(session, sound)
    return [*map(_listed, rows)]


def _obstacle(row: Row[Any]) -> str | None:
    if row.data is not None and not row.data.lstrip().startswith("{"):
        return BROKEN
    return NO_LOG if row.ended is None else None


def _listed(row: Row[Any]) -> WrongValue:
    was = row.data if row.has_period else None
    return WrongValue(
        "job_metrics", row.jeditaskid, row.pandaid, PERIOD, was, str(row.queued), _obstacle(row)
    )


def _repair(session: Transaction, rows: Iterable[Row[Any]]) -> None:
    chosen = [row._mapping for row in rows]
    given = {f"{name}s": [row[name] for row in chosen] for name in COLUMNS}
    session.execute(_set(), given)


@cache
def _set() -> Select[Any]:
    """Set the periods of jobs: in the data that they have, or in new rows."""
    given = unnested("given", **{name: _parameter(name) for name in COLUMNS}).c
    period = func.jsonb_build_object(
        "start", json_time(given.queued), "end", json_time(given.ended), "status", given.status,
        type_=JSONB,
    )  # fmt: skip
    new = func.jsonb_build_object(PERIOD, period, type_=JSONB)
    renewed = (
        update(JobMetrics.__table__)
        .where(JOB.pandaid == given.pandaid)
        .values(data=cast(cast(JOB.data, JSONB).concat(new), JOB.data.type), modificationtime=now())
        .cte("renewed")
    )
    row = {
        "pandaid": given.pandaid,
        "jeditaskid": given.jeditaskid,
        "creationtime": now(),
        "modificationtime": now(),
        "data": cast(new, JOB.data.type),
    }
    known = select(JOB.pandaid).where(JOB.pandaid == given.pandaid).exists()
    rows = select(*row.values()).where(~known)
    first = insert(JobMetrics.__table__).from_select([*row], rows).cte("first")
    return select(null()).add_cte(renewed, first)


def _parameter(name: str) -> BindParameter[Any]:
    if name in ("pandaid", "jeditaskid"):
        return array(f"{name}s")
    kind = String() if name == "status" else Timestamp()
    return bindparam(f"{name}s", type_=ARRAY(kind))


@cache
def _wrong(*, every: bool) -> Select[Any]:
    """Select the jobs that have to have a period and have none, or one with another start."""
    job = union_all(*(_timed(table, every=every) for table in JOB_TABLES)).subquery("job").c
    first = _first(job.pandaid)
    written = func.to_char(job.queued, constant(SECONDS))
    has_period = func.coalesce(JOB.data.contains(constant(f'"{PERIOD}"')), false())
    begins = func.coalesce(func.strpos(JOB.data, written) > 0, false())
    in_time = and_(
        job.jobstatus.in_(constants(states.FINAL)),
        job.lockedby == constant("jedi"),
        not_(was_closed(job.jeditaskid, job.statechangetime)),
    )
    return (
        select(
            *(job[name] for name in COLUMNS[:3]),
            first.c.ended,
            first.c.status,
            JOB.data,
            has_period.label("has_period"),
        )
        .select_from(job.pandaid.table)
        .outerjoin(first, true())
        .outerjoin(JOB.pandaid.table, JOB.pandaid == job.pandaid)
        .where(not_(and_(has_period, begins)))
        .where(or_(has_period, first.c.status == constant("running"), in_time))
        .order_by(job.pandaid)
    )


def _timed(table: JobTable, *, every: bool) -> Select[Any]:
    """Select jobs that have run or ended, and that have the time at which their task was queued."""
    job = table.__table__.c
    seconds = cast(func.substring(job.specialhandling, constant(QUEUED_TIME_PATTERN)), Float)
    queued = func.timezone("UTC", func.to_timestamp(seconds))
    mine = job.jeditaskid == func.any(array("tasks"))
    alive = TASK.status.not_in(constants(CLOSED_TASKS))
    working = exists().where(TASK.jeditaskid == job.jeditaskid, alive)
    return select(
        job.pandaid, job.jeditaskid, queued.label("queued"), job.jobstatus, job.lockedby,
        job.statechangetime,
    ).where(
        working if every else mine,
        HAS_QUEUED_TIME.of(job),
        or_(job.starttime > EPOCH, job.jobstatus.in_(constants(states.FINAL))),
    )  # fmt: skip


def _first(pandaid: ColumnElement[int]) -> LateralFromClause:
    """Select the first run of a job, or its end, by its log."""
    return (
        select(LOG.modificationtime.label("ended"), LOG.jobstatus.label("status"))
        .where(LOG.pandaid == pandaid, LOG.jobstatus.in_(constants(("running", *states.FINAL))))
        .order_by(LOG.modificationtime)
        .limit(1)
        .lateral("first")
    )
