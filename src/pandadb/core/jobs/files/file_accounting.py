"""Consequences of jobs' steps for the files and datasets of their task: semantics 2.3 and 2.14.

The row of a file in JEDI_DATASET_CONTENTS changes only if JEDI owns it (`keeptrack`) and the job is
its current attempt (`attemptnr`); the counters in JEDI_DATASETS change with such rows.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    String,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    update,
)

from pandadb.core.jobs import lock_order, states
from pandadb.core.jobs.effects import HAS_QUEUED_TIME, PRODUCTION
from pandadb.core.jobs.files import file_status, repeated_inputs, task_totals
from pandadb.core.jobs.files.file_status import CLOSED_TASKS, INPUTS, KEY, OUTPUTS
from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.jobs.states import NOT_RUN
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import now
from pandadb.core.sql.transaction import Lock
from pandadb.models import Datasets, FilesTable4, JediDatasetContents, JediDatasets, JediTasks
from pandadb.models.types import EPOCH, Timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

ACCOUNTED_STATES = ("transferring", "merging", *states.FINAL)
"""States that change files when a job enters them; so do the end of transferring, and the first
run.
"""

BEGIN = literal_column("(now() AT TIME ZONE 'UTC')", Timestamp())
"""The time at which the transaction began."""

FILE, CONTENTS, DATASET, TASK = (
    model.__table__.c for model in (FilesTable4, JediDatasetContents, JediDatasets, JediTasks)
)


def lock(
    session: Transaction, pandaids: Sequence[int], how: Lock, *, live: bool = True
) -> list[int]:
    """Lock the tasks of live or ended jobs, then their datasets, in the order of ids.

    Returns the jobs that can go on: with SKIP those without a dataset that is locked elsewhere.
    """
    given = {"pandaids": [*pandaids]}
    with refusing_to_wait():
        locked = session.execute(lock_order.datasets(how, live=live), given).all()
    if how is not Lock.SKIP:
        return [*pandaids]
    given["locked"] = [dataset for _, dataset in locked]
    busy = {*session.scalars(lock_order.others(), given)}
    return [pandaid for pandaid in pandaids if pandaid not in busy]


def settle(session: Transaction, moved: Mapping[int, str], target: str) -> list[int]:
    """Account for jobs that have just entered a state; each comes with its previous state.

    It is a no-op for steps without consequences for files. Returns the merging jobs of which these
    have merged an output, or will merge none any more.
    """
    if target == "running":
        moved = {job: before for job, before in moved.items() if before in NOT_RUN}
    elif target not in ACCOUNTED_STATES:
        moved = {job: before for job, before in moved.items() if before == "transferring"}
    if not moved:
        return []
    states_before = {"pandaids": [*moved], "before": [*moved.values()]}
    return [*session.scalars(_settlement(target), states_before)]


@cache
def _settlement(target: str) -> Select[Any]:
    """Return the statement that changes the files, then the datasets and tasks."""
    current = _current(target)
    new, counts = file_status.of(target, current.c)
    changed = (
        update(JediDatasetContents.__table__)
        .where(file_status.same_file(CONTENTS, current.c))
        .values(new)
        .cte("changed")
    )
    then = [changed, *([counted(current, counts)] if counts else [])]
    if target == "finished":
        made = file_status.is_made(current.c)
        then += task_totals.finished(_ended_of_jedi(), current, made)
    elif states.STATES[target].final:
        then.append(_queued(current, target))
    waited = (
        select(current.c.boundaryid)
        .where(
            current.c.is_pmerge,
            current.c.is_input,
            current.c.boundaryid.is_not(None),
            file_status.is_merged(target, current.c),
        )
        .distinct()
    )
    return waited.add_cte(*then)


def _current(target: str) -> CTE:
    """Select and lock the contents with the jobs as their current attempt, with the jobs."""
    before = bindparam("before", type_=ARRAY(String))
    moved = id_arrays.unnested("moved", pandaid=id_arrays.array("pandaids"), before=before)
    job = states.home(target).__table__.c
    unmerged = and_(
        FILE.type.in_(OUTPUTS), func.coalesce(FILE.destinationdblocktoken, "").contains("TOMERGE")
    )
    late = unmerged if target in ("cancelled", "closed") else false()
    of_file = repeated_inputs.inputs_of_file(job)
    return (
        select(
            *(c for c in CONTENTS if c.name not in ("type", "pandaid")),
            *(FILE[name].label(f"file_{name}") for name in file_status.REPORTED_COLUMNS),
            FILE.type.in_(INPUTS).label("is_input"),
            func.coalesce(FILE.status, "").label("file_status"),
            moved.c.pandaid,
            moved.c.before,
            (func.coalesce(job.processingtype, "") == file_status.PMERGE).label("is_pmerge"),
            not_(PRODUCTION.of(job)).label("is_users"),
            DATASET.masterid,
            DATASET.type.label("dataset_type"),
            file_status.is_told(job).label("is_told"),
            file_status.is_hpo(job).label("is_hpo"),
            file_status.is_used_up(job).label("is_used_up"),
            func.coalesce(HAS_QUEUED_TIME.of(job), false()).label("is_timed"),
            case((late, _is_closed()), else_=false()).label("is_closed"),
        )
        .select_from(moved)
        .join(job.pandaid.table, job.pandaid == moved.c.pandaid)
        .join(FILE.pandaid.table, FILE.pandaid == moved.c.pandaid)
        .join(of_file, true())
        .join(CONTENTS.fileid.table, file_status.same_file(CONTENTS, of_file.c))
        .join(DATASET.datasetid.table, file_status.same_dataset(DATASET, FILE))
        .join(TASK.jeditaskid.table, TASK.jeditaskid == FILE.jeditaskid)
        .where(
            job.lockedby == "jedi",
            TASK.status.not_in(CLOSED_TASKS),
            CONTENTS.keeptrack == 1,
            CONTENTS.status != "cancelled",
            or_(CONTENTS.attemptnr == of_file.c.attemptnr, late),
            FILE.type.in_((*INPUTS, *OUTPUTS)),
            not_(and_(FILE.type == "input", CONTENTS.type == "lib")),
            not_(unmerged) if target == "finished" else true(),
            moved_files(target),
            moved_jobs(target),
        )
        .order_by(*(CONTENTS[name] for name in KEY))
        .with_for_update(of=JediDatasetContents.__table__)
        .cte("current")
    )


def _ended_of_jedi() -> CTE:
    """Select the jobs of JEDI's that have just finished, if their task has not ended."""
    moved = id_arrays.unnested("finished", pandaid=id_arrays.array("pandaids"))
    job = states.home("finished").__table__.c
    return (
        select(
            job.pandaid,
            job.jeditaskid,
            (func.coalesce(job.prodsourcelabel, "") == file_status.BUILD).label("is_build"),
            (func.coalesce(job.processingtype, "") == file_status.PMERGE).label("is_pmerge"),
        )
        .select_from(moved)
        .join(job.pandaid.table, job.pandaid == moved.c.pandaid)
        .join(TASK.jeditaskid.table, TASK.jeditaskid == job.jeditaskid)
        .where(
            job.lockedby == "jedi",
            TASK.status.not_in(CLOSED_TASKS),
            moved_jobs("finished"),
        )
        .cte("ended")
    )


def _is_closed() -> ColumnElement[bool]:
    """Return whether the dataset of an output to be merged is closed: its merge has begun."""
    sub = Datasets.__table__.c
    return exists().where(
        sub.name == FILE.destinationdblock,
        sub.subtype == "sub",
        sub.status.in_(("tobeclosed", "completed")),
    )


def moved_files(target: str) -> ColumnElement[bool]:
    """Match the partitions of the files of jobs that this transaction took to a state."""
    if not states.STATES[target].final:
        return FILE.modificationtime == EPOCH
    return FILE.modificationtime >= BEGIN


def moved_jobs(target: str) -> ColumnElement[bool]:
    """Match the partitions of such jobs."""
    job = states.home(target).__table__.c
    return job.modificationtime >= BEGIN if states.STATES[target].final else true()


def counted(current: CTE, counts: Mapping[str, ColumnElement[int]]) -> CTE:
    """Add the changes of the files to the counters of their datasets."""
    sums = (
        select(
            *(current.c[name] for name in KEY[:2]),
            *(func.sum(amount).label(name) for name, amount in counts.items()),
        )
        .group_by(*(current.c[name] for name in KEY[:2]))
        .cte("sums")
    )
    return (
        update(JediDatasets.__table__)
        .where(file_status.same_dataset(DATASET, sums.c))
        .values({name: func.coalesce(DATASET[name], 0) + sums.c[name] for name in counts})
        .cte("counted")
    )


def _queued(current: CTE, target: str) -> CTE:
    """Note since when tasks have files to be tried again, if their queuing is measured."""
    again = select(current.c.jeditaskid).where(
        current.c.is_timed, current.c.is_input, file_status.has_attempts_left(target, current.c)
    )
    return (
        update(JediTasks.__table__)
        .where(TASK.queuedtime.is_(None), TASK.jeditaskid.in_(again))
        .values(queuedtime=now())
        .cte("queued")
    )
