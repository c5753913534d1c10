"""How long tasks and their jobs have queued: JOB_METRICS and TASK_METRICS, semantics 2.7 and 2.14.

Only jobs with the time at which their task was queued (`tq=` in `specialhandling`, seconds since
1970) have a period: until they first run, or end without. A task has one each time that its last
input is taken. Times in JSON are objects, as PanDA's server reads and writes them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Float,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.jobs import states
from pandadb.core.jobs.effects import HAS_QUEUED_TIME, QUEUED_TIME_PATTERN
from pandadb.core.jobs.files.file_accounting import moved_jobs
from pandadb.core.jobs.files.file_status import CLOSED_TASKS
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant, now
from pandadb.models import JediDatasets, JediTasks, JobMetrics, TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

ACTIVE_TASKS = ("ready", "running", "scouting", "scouted")
"""States of tasks with input that can be processed; also as the old state of a pending task."""
MOST_PERIODS = 10_000
"""The periods that are kept of a task."""
TIME_FORMAT = "YYYY-MM-DD HH24:MI:SS.US"

TASK, DATASET = JediTasks.__table__.c, JediDatasets.__table__.c
IS_ACTIVE = or_(
    TASK.status.in_(ACTIVE_TASKS),
    and_(TASK.status == "pending", func.coalesce(TASK.oldstatus, "").in_(ACTIVE_TASKS)),
)
HAS_INPUT = exists().where(
    DATASET.jeditaskid == TASK.jeditaskid,
    DATASET.type.in_(INPUTS),
    DATASET.masterid.is_(None),
    DATASET.nfilestobeused > 0,
    DATASET.nfilestobeused > DATASET.nfilesused,
)
"""A master dataset of the task has files that no job has taken."""
OF_JOB, OF_TASK = JobMetrics.__table__.c, TaskMetrics.__table__.c


def record(session: Transaction, pandaids: Sequence[int], target: str) -> None:
    """Record the periods of jobs that have just entered a state; each job has one at most.

    When jobs end, it is theirs if they are JEDI's, and their tasks' periods are recorded, too.
    """
    if not pandaids:
        return
    tasks = session.execute(_jobs(target), {"pandaids": [*pandaids]}).scalars()
    if states.STATES[target].final:
        record_tasks(session, tasks)
    else:
        tasks.close()


def record_tasks(session: Transaction, jeditaskids: Iterable[int]) -> None:
    """Note since when tasks have inputs to process; record the period of those that have none."""
    if given := sorted({*jeditaskids}):
        session.execute(_tasks(), {"tasks": given})


@cache
def _jobs(target: str) -> Select[Any]:
    """Record the periods of jobs; select their tasks."""
    timed = _timed(target)
    period = _period(timed.c.queued, timed.c.jobstatus)
    new = func.jsonb_build_object("queuingPeriod", period, type_=JSONB)
    known = exists().where(OF_JOB.pandaid == timed.c.pandaid)
    rows = select(timed.c.pandaid, timed.c.jeditaskid, now(), now(), cast(new, OF_JOB.data.type))
    names = ["pandaid", "jeditaskid", "creationtime", "modificationtime", "data"]
    added = insert(JobMetrics.__table__).from_select(names, rows.where(~known)).cte("added")
    data = cast(OF_JOB.data, JSONB)
    extended = (
        update(JobMetrics.__table__)
        .where(OF_JOB.pandaid == timed.c.pandaid, ~data.has_key("queuingPeriod"))
        .values(data=cast(data.concat(new), OF_JOB.data.type), modificationtime=now())
        .cte("extended")
    )
    return select(timed.c.jeditaskid).distinct().add_cte(added, extended)


def _timed(target: str) -> CTE:
    """Select the jobs that have the time at which their task was queued."""
    job = states.home(target).__table__.c
    seconds = cast(func.substring(job.specialhandling, constant(QUEUED_TIME_PATTERN)), Float)
    queued = func.timezone("UTC", func.to_timestamp(seconds))
    timed = select(job.pandaid, job.jeditaskid, job.jobstatus, queued.label("queued")).where(
        id_arrays.is_given(job.pandaid),
        moved_jobs(target),
        job.jeditaskid.is_not(None),
        HAS_QUEUED_TIME.of(job),
    )
    if states.STATES[target].final:
        timed = timed.join(TASK.jeditaskid.table, TASK.jeditaskid == job.jeditaskid).where(
            job.lockedby == "jedi", TASK.status.not_in(CLOSED_TASKS)
        )
    return timed.cte("timed")


def _period(start: ColumnElement[Any], status: ColumnElement[str]) -> ColumnElement[Any]:
    return func.jsonb_build_object(
        "start", json_time(start), "end", json_time(now()), "status", status, type_=JSONB
    )


def json_time(time: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a time as PanDA's server writes times in JSON."""
    written = func.to_char(time, constant(TIME_FORMAT))
    return func.jsonb_build_object("_datetime_object", written, type_=JSONB)


@cache
def _tasks() -> Select[Any]:
    """Set or end the period of tasks that are locked in the order of their ids."""
    task = _locked_tasks()
    begins = and_(task.c.is_active, task.c.has_input, task.c.queuedtime.is_(None))
    ends = and_(task.c.queuedtime.is_not(None), ~task.c.has_input)
    queued = (
        update(JediTasks.__table__)
        .where(TASK.jeditaskid == task.c.jeditaskid, or_(begins, ends))
        .values(
            queuedtime=case((begins, now()), else_=null()),
            activatedtime=case(
                (begins, func.coalesce(TASK.activatedtime, now())), else_=TASK.activatedtime
            ),
        )
        .cte("queued")
    )
    return select(literal(1)).add_cte(queued, *_task_periods(task, ends))


def _locked_tasks() -> CTE:
    columns = (TASK.jeditaskid, TASK.status, TASK.queuedtime)
    return (
        select(
            *columns,
            IS_ACTIVE.label("is_active"),
            and_(IS_ACTIVE, HAS_INPUT).label("has_input"),
        )
        .where(TASK.jeditaskid == func.any(id_arrays.array("tasks")))
        .order_by(TASK.jeditaskid)
        .with_for_update(key_share=True, of=JediTasks.__table__)
        .cte("task")
        .prefix_with("MATERIALIZED")
    )


def _task_periods(task: CTE, ends: ColumnElement[bool]) -> list[CTE]:
    """Append the period that has ended to those of its task."""
    period = func.jsonb_build_array(_period(task.c.queuedtime, task.c.status), type_=JSONB)
    known = exists().where(OF_TASK.jeditaskid == task.c.jeditaskid)
    first = func.jsonb_build_object("queuingPeriods", period, type_=JSONB)
    rows = select(task.c.jeditaskid, now(), now(), cast(first, OF_TASK.data.type))
    names = ["jeditaskid", "creationtime", "modificationtime", "data"]
    added = insert(TaskMetrics.__table__).from_select(names, rows.where(ends, ~known)).cte("added")
    data = cast(OF_TASK.data, JSONB)
    before = func.coalesce(data["queuingPeriods"], cast(literal("[]"), JSONB))
    after = func.jsonb_build_object("queuingPeriods", before.concat(period), type_=JSONB)
    extended = (
        update(TaskMetrics.__table__)
        .where(
            OF_TASK.jeditaskid == task.c.jeditaskid,
            ends,
            func.jsonb_array_length(before) < MOST_PERIODS,
        )
        .values(data=cast(data.concat(after), OF_TASK.data.type), modificationtime=now())
        .cte("extended")
    )
    return [added, extended]
