"""Recount of T_TASK: jobs that were made, those that have finished, and their events.

The rules are those of `task_totals`, by which the numbers grow. Jobs are those of JEDI, of the live
tables and of the archive, but for those that build libraries or merge:

- `total_req_jobs`: all but those that a retry of a job has made (`parentid`);
- `total_done_jobs`: the finished ones. Those that finished when their task had ended are not
  counted; where the log of states leaves it open, both numbers are right;
- `total_events`: the events of finished outputs, lost ones included: of each job those of the
  dataset with the most. Files that merge jobs have made are among them.

Jobs and files of long ago may be gone, so a recount gives a lower bound: a smaller number is wrong,
a greater one is lowered by force only.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    and_,
    cast,
    func,
    not_,
    or_,
    select,
    union_all,
    update,
)

from pandadb.core.datasets.counters import OUTPUTS
from pandadb.core.datasets.file_keys import same_dataset
from pandadb.core.jobs.files.file_status import BUILD, CLOSED_TASKS, PMERGE
from pandadb.core.jobs.files.task_totals import MOST_EVENTS
from pandadb.core.sql.expressions import constant, constants, now
from pandadb.core.sql.id_arrays import array, unnested
from pandadb.core.sql.transaction import Lock
from pandadb.core.tasks.recounting.late_ends import was_closed
from pandadb.core.tasks.recounting.wrong_values import WrongValue
from pandadb.core.tasks.row_locks import refusing_to_wait
from pandadb.models import JediDatasetContents, JediDatasets, JediTasks, TTask
from pandadb.models.jobs.all_tables import JOB_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import CTE, Row, Select, Update

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

TOTALS, TASK = TTask.__table__.c, JediTasks.__table__.c
FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c
NAMES = ("total_req_jobs", "total_done_jobs", "total_events")
MADE = ("finished", "lost")
"""States of files that a job has made."""
KEPT = "{was} are counted and {found} found: jobs and files may be gone. By force it is lowered"


def recount(
    session: Transaction,
    tasks: Sequence[int] | None = None,
    *,
    repair: bool = True,
    force: bool = False,
    lock: Lock = Lock.WAIT,
) -> list[WrongValue]:
    """Return the wrong totals of tasks, and repair them; of all tasks those that have not ended.

    Rows of T_TASK are locked, and counted again, where a total is wrong: one that grows meanwhile
    is right by then. With SKIP those that are locked stay.

    Raises:
        TasksLocked: With NOWAIT, or after the lock timeout: a row is locked.
    """
    wrong = _listed(_find(session, tasks), force=force)
    if not (repair and wrong):
        return wrong
    locked = _lock(session, sorted({one.task for one in wrong}), lock)
    rows = _find(session, locked)
    wrong = _listed(rows, force=force)
    _repair(session, [one for one in wrong if one.refused is None], rows)
    return wrong


def _find(session: Transaction, tasks: Sequence[int] | None) -> Sequence[Row[Any]]:
    given = {} if tasks is None else {"tasks": [*tasks]}
    return session.execute(_counted(every=tasks is None), given).all()


def _lock(session: Transaction, tasks: Sequence[int], how: Lock) -> list[int]:
    rows = (
        select(TOTALS.taskid)
        .where(TOTALS.taskid == func.any(array("tasks")))
        .order_by(TOTALS.taskid)
        .with_for_update(nowait=how is Lock.NOWAIT, skip_locked=how is Lock.SKIP)
    )
    with refusing_to_wait():
        return [*session.scalars(rows, {"tasks": [*tasks]})]


def _listed(rows: Iterable[Row[Any]], *, force: bool) -> list[WrongValue]:
    wrong = []
    for row in rows:
        found = row._mapping
        for name in NAMES:
            was, least, most = (found[f"{end}_{name}"] for end in ("was", "least", "most"))
            if not least <= (was or 0) <= most:
                right = most if (was or 0) > most else least
                kept = (was or 0) > most and not force
                reason = KEPT.format(was=was, found=right) if kept else None
                wrong.append(WrongValue("t_task", row.taskid, row.taskid, name, was, right, reason))
    return wrong


def _repair(session: Transaction, wrong: Sequence[WrongValue], rows: Sequence[Row[Any]]) -> None:
    if not wrong:
        return
    right = {(one.task, one.counter): one.right for one in wrong}
    chosen = [row for row in rows if row.taskid in {one.task for one in wrong}]
    new = {
        f"new_{name}": [
            right.get((row.taskid, name), row._mapping[f"was_{name}"]) for row in chosen
        ]
        for name in NAMES
    }
    session.execute(_set(), {"tasks": [row.taskid for row in chosen], **new})


@cache
def _set() -> Update:
    new = unnested("new", taskid=array("tasks"), **{name: array(f"new_{name}") for name in NAMES})
    return (
        update(TTask.__table__)
        .where(TOTALS.taskid == new.c.taskid)
        .values({name: new.c[name] for name in NAMES} | {"timestamp": now()})
    )


@cache
def _counted(*, every: bool) -> Select[Any]:
    """Select the totals of tasks, each as it is, and the least and the most that is right."""
    chosen = _chosen(every=every)
    jobs, events = _jobs(chosen), _events(chosen)
    requested, finished, late = (
        func.coalesce(jobs.c[name], 0) for name in ("requested", "finished", "late")
    )
    sums = func.least(MOST_EVENTS, func.coalesce(events.c.events, 0))
    ends = ((requested, requested), (finished - late, finished), (sums, sums))
    columns = [
        cast(value, BigInteger).label(f"{end}_{name}")
        for name, (least, most) in zip(NAMES, ends, strict=True)
        for end, value in (("was", chosen.c[name]), ("least", least), ("most", most))
    ]
    return (
        select(chosen.c.taskid, *columns)
        .join_from(chosen, jobs, jobs.c.jeditaskid == chosen.c.taskid, isouter=True)
        .join(events, events.c.jeditaskid == chosen.c.taskid, isouter=True)
        .order_by(chosen.c.taskid)
    )


def _chosen(*, every: bool) -> CTE:
    has_ended = TASK.status.in_(constants(CLOSED_TASKS))
    which = not_(has_ended) if every else TOTALS.taskid == func.any(array("tasks"))
    return (
        select(TOTALS.taskid, *(TOTALS[name] for name in NAMES))
        .join(TASK.jeditaskid.table, TASK.jeditaskid == TOTALS.taskid)
        .where(which)
        .cte("chosen")
        .prefix_with("MATERIALIZED")
    )


def _jobs(chosen: CTE) -> CTE:
    """Count the jobs of the tasks in all tables of jobs."""
    job = union_all(*(_jobs_of(table, chosen) for table in JOB_TABLES)).subquery("job").c
    finished = job.jobstatus == constant("finished")
    late = and_(finished, was_closed(job.jeditaskid, job.statechangetime))
    return (
        select(
            job.jeditaskid,
            func.count().filter(func.coalesce(job.parentid, 0) == 0).label("requested"),
            func.count().filter(finished).label("finished"),
            func.count().filter(late).label("late"),
        )
        .group_by(job.jeditaskid)
        .cte("jobs")
    )


def _jobs_of(table: JobTable, chosen: CTE) -> Select[Any]:
    job = table.__table__.c
    return select(job.jeditaskid, job.jobstatus, job.parentid, job.statechangetime).where(
        job.jeditaskid.in_(select(chosen.c.taskid)),
        job.lockedby == constant("jedi"),
        or_(job.prodsourcelabel.is_(None), job.prodsourcelabel != constant(BUILD)),
        or_(job.processingtype.is_(None), job.processingtype != constant(PMERGE)),
    )


def _events(chosen: CTE) -> CTE:
    """Add up the events of the outputs of each job: of the dataset with the most."""
    job = func.coalesce(FILE.outpandaid, FILE.pandaid)
    per_dataset = (
        select(
            FILE.jeditaskid,
            job.label("pandaid"),
            func.sum(func.coalesce(FILE.nevents, 0)).label("events"),
        )
        .join(DATASET.datasetid.table, same_dataset(DATASET, FILE))
        .where(
            FILE.jeditaskid.in_(select(chosen.c.taskid)),
            DATASET.type.in_(constants(OUTPUTS)),
            FILE.status.in_(constants(MADE)),
        )
        .group_by(FILE.jeditaskid, job, FILE.datasetid)
        .subquery("per_dataset")
    )
    per_job = (
        select(per_dataset.c.jeditaskid, func.max(per_dataset.c.events).label("events"))
        .group_by(per_dataset.c.jeditaskid, per_dataset.c.pandaid)
        .subquery("per_job")
    )
    return (
        select(per_job.c.jeditaskid, func.sum(per_job.c.events).label("events"))
        .group_by(per_job.c.jeditaskid)
        .cte("events")
    )
