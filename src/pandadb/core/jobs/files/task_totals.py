"""Totals of a task in DEFT's T_TASK: its jobs, those that have finished, their events.

Semantics 2.1 and 2.14. Jobs that build a library count nowhere, jobs that merge by their events.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, and_, case, func, literal_column, or_, select, update

from pandadb.core.jobs.files.file_status import BUILD, CLOSED_TASKS, PMERGE
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constants, now
from pandadb.core.sql.prepared import send
from pandadb.models import JediTasks, TTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import CTE, ColumnElement, Select, Update

    from pandadb.core.sql.transaction import Transaction

MOST_EVENTS = 9_999_999_999
"""The limit of `total_events`."""
ESTIMATED_AT = (5, 100)
"""Numbers of finished jobs at which the walltime of the task's jobs is estimated anew."""

TOTALS, TASK = TTask.__table__.c, JediTasks.__table__.c


def request(session: Transaction, jobs: Iterable[Mapping[str, Any]]) -> None:
    """Count new jobs of JEDI's in the totals of their tasks."""
    counts = Counter(
        job["jeditaskid"] for job in jobs if job.get("lockedby") == "jedi" and _is_counted(job)
    )
    if counts:
        tasks = sorted(counts)
        given = {"tasks": tasks, "counts": [counts[task] for task in tasks]}
        session.execute(_request(), given)


def _is_counted(job: Mapping[str, Any]) -> bool:
    builds = job.get("prodsourcelabel") == BUILD
    return bool(job.get("jeditaskid")) and not builds and job.get("processingtype") != PMERGE


@cache
def _request() -> Update:
    given = id_arrays.unnested(
        "given", taskid=id_arrays.array("tasks"), jobs=id_arrays.array("counts")
    ).c
    requested = (
        select(TOTALS.taskid, given.jobs)
        .join(given.taskid.table, given.taskid == TOTALS.taskid)
        .order_by(TOTALS.taskid)
        .with_for_update(of=TTask.__table__)
        .cte("requested")
    )
    total = func.coalesce(TOTALS.total_req_jobs, 0) + requested.c.jobs
    return (
        update(TTask.__table__)
        .where(TOTALS.taskid == requested.c.taskid)
        .values(total_req_jobs=total, timestamp=now())
    )


def finish(session: Transaction, tasks: Iterable[int]) -> None:
    """Count jobs without files that have finished: a task for each. Ended tasks are left alone."""
    counts = Counter(tasks)
    if counts:
        of_tasks = sorted(counts)
        numbers = [counts[task] for task in of_tasks]
        given = {"tasks": id_arrays.written(of_tasks), "counts": id_arrays.written(numbers)}
        send(session, _finish(), given)


@cache
def _finish() -> Select[Any]:
    given = id_arrays.unnested(
        "given", jeditaskid=id_arrays.array("tasks"), jobs=id_arrays.array("counts")
    ).c
    sums = (
        select(given.jeditaskid, given.jobs, _zero().label("events"))
        .join(TASK.jeditaskid.table, TASK.jeditaskid == given.jeditaskid)
        .where(TASK.status.not_in(constants(CLOSED_TASKS)))
        .cte("task_sums")
    )
    return select(_zero()).add_cte(*_counted(sums))


def _zero() -> ColumnElement[int]:
    """Return 0 as SQL, not as a parameter."""
    return literal_column("0", Integer())


def finished(ended: CTE, current: CTE, made: ColumnElement[bool]) -> list[CTE]:
    """Return the parts of a statement that count jobs that have finished, by their tasks.

    `ended` has the jobs: `pandaid`, `jeditaskid`, `is_build`, `is_pmerge`. `current` has their
    current files; those that are `made` have the events.
    """
    return _counted(_sums(ended, _events(current, made)))


def _counted(sums: CTE) -> list[CTE]:
    """Return the parts that add numbers of jobs and events to the totals of tasks.

    The task's walltime is estimated anew when the number of its finished jobs reaches one of
    `ESTIMATED_AT`.
    """
    total = func.coalesce(TOTALS.total_done_jobs, 0) + sums.c.jobs
    events = func.coalesce(TOTALS.total_events, 0) + sums.c.events
    counted = (
        update(TTask.__table__)
        .where(TOTALS.taskid == sums.c.jeditaskid)
        .values(
            total_done_jobs=case((sums.c.jobs > 0, total), else_=TOTALS.total_done_jobs),
            total_events=func.least(MOST_EVENTS, events),
            timestamp=now(),
        )
        .returning(TOTALS.taskid, TOTALS.total_done_jobs, sums.c.jobs)
        .cte("totals")
    )
    done, jobs = counted.c.total_done_jobs, counted.c.jobs
    reached = or_(*(and_(done >= number, done - jobs < number) for number in ESTIMATED_AT))
    estimated = (
        update(JediTasks.__table__)
        .where(TASK.jeditaskid.in_(select(counted.c.taskid).where(reached)))
        .values(walltimeunit=None)
        .cte("estimated")
    )
    return [counted, estimated]


def _events(current: CTE, made: ColumnElement[bool]) -> CTE:
    """Select the events of each job: those of the output dataset with the most."""
    of_files = func.sum(func.coalesce(current.c.nevents, 0)).label("events")
    per_dataset = (
        select(current.c.pandaid, of_files)
        .where(made)
        .group_by(current.c.pandaid, current.c.datasetid)
        .subquery("per_dataset")
    )
    return (
        select(per_dataset.c.pandaid, func.max(per_dataset.c.events).label("events"))
        .group_by(per_dataset.c.pandaid)
        .cte("job_events")
    )


def _sums(ended: CTE, events: CTE) -> CTE:
    return (
        select(
            ended.c.jeditaskid,
            func.count().filter(~ended.c.is_pmerge).label("jobs"),
            func.sum(func.coalesce(events.c.events, 0)).label("events"),
        )
        .outerjoin(events, events.c.pandaid == ended.c.pandaid)
        .where(~ended.c.is_build)
        .group_by(ended.c.jeditaskid)
        .cte("task_sums")
    )
