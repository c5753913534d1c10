"""Locks in their fixed order: tasks, datasets, jobs, each by id; and how long to wait for them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, bindparam, func, or_, select, true

from pandadb.core.jobs.files import file_status
from pandadb.core.jobs.files.file_status import INPUTS
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant, constants
from pandadb.core.sql.transaction import Lock
from pandadb.models import FilesTable4, JediDatasetContents, JediDatasets, JediTasks, JobsActive4
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from sqlalchemy import Column, Select

FILE, CONTENTS, DATASET, TASK = (
    model.__table__.c for model in (FilesTable4, JediDatasetContents, JediDatasets, JediTasks)
)


@cache
def datasets(how: Lock, *, live: bool = True) -> Select[Any]:
    """Lock the tasks of the jobs `pandaids`, then their datasets, in the order of ids.

    The jobs live, or have ended. Datasets of jobs that wait for one of them to merge their outputs
    are locked, too: such jobs may end with it.
    """
    nowait, skip = how is Lock.NOWAIT, how is Lock.SKIP
    own = _datasets_of_jobs(live, FILE.jeditaskid, FILE.datasetid)
    files = (own.union(_datasets_of_merged()) if live else own.distinct()).cte("files")
    tasks = (
        select(TASK.jeditaskid)
        .where(TASK.jeditaskid.in_(select(files.c.jeditaskid)))
        .order_by(TASK.jeditaskid)
        .with_for_update(key_share=True, nowait=nowait, skip_locked=skip)
        .cte("tasks")
    )
    return (
        select(DATASET.jeditaskid, DATASET.datasetid)
        .join(tasks, tasks.c.jeditaskid == DATASET.jeditaskid)
        .join(files, file_status.same_dataset(DATASET, files.c))
        .order_by(DATASET.jeditaskid, DATASET.datasetid)
        .with_for_update(of=JediDatasets.__table__, nowait=nowait, skip_locked=skip)
    )


def _datasets_of_merged() -> Select[Any]:
    """Select the datasets of the jobs that wait for those that merge: they end with them.

    Those jobs are found first, from the jobs given: with other statistics the planner would begin
    with the files of all that live.
    """
    merge, merged = JobsActive4.__table__.c, FilesTable4.__table__.alias("merged")
    waiting = (
        select(CONTENTS.boundaryid)
        .select_from(merge.pandaid.table)
        .join(FILE.pandaid.table, FILE.pandaid == merge.pandaid)
        .join(CONTENTS.fileid.table, file_status.same_file(CONTENTS, FILE))
        .where(
            id_arrays.is_given(merge.pandaid),
            id_arrays.is_given(FILE.pandaid),
            merge.processingtype == constant(file_status.PMERGE),
            FILE.modificationtime == EPOCH,
            FILE.type.in_(constants(INPUTS)),
        )
        .cte("waiting")
        .prefix_with("MATERIALIZED")
    )
    return (
        select(merged.c.jeditaskid, merged.c.datasetid)
        .join(waiting, merged.c.pandaid == waiting.c.boundaryid)
        .where(merged.c.modificationtime == EPOCH, merged.c.fileid.is_not(None))
    )


@cache
def waiting_datasets() -> Select[Any]:
    """Lock the datasets of the jobs `pandaids` whose number of waiting files can change.

    These are all with `any_waits`, or if the task has jumbo jobs: more files may wait there
    meanwhile.
    """
    files = (
        _datasets_of_jobs(True, FILE.jeditaskid, FILE.datasetid)
        .distinct()
        .cte("files")
        .prefix_with("MATERIALIZED")  # or the planner might begin with all datasets
    )
    may_change = or_(
        TASK.usejumbo.is_not(None),
        DATASET.nfileswaiting > 0,
        bindparam("any_waits", type_=Boolean),
    )
    return (
        select(DATASET.datasetid)
        .join(files, file_status.same_dataset(DATASET, files.c))
        .join(TASK.jeditaskid.table, TASK.jeditaskid == DATASET.jeditaskid)
        .where(may_change)
        .order_by(DATASET.jeditaskid, DATASET.datasetid)
        .with_for_update(of=JediDatasets.__table__, key_share=True)
    )


@cache
def others() -> Select[Any]:
    """Select the jobs `pandaids` that have a file in a dataset that is not among those `locked`."""
    locked = id_arrays.array("locked")
    return (
        _datasets_of_jobs(True, FILE.pandaid)
        .join(DATASET.datasetid.table, file_status.same_dataset(DATASET, FILE))
        .where(FILE.datasetid != func.all(locked))
    )


def _datasets_of_jobs(live: bool, *columns: Column[Any]) -> Select[Any]:
    """Select of the files of jobs that belong to a task."""
    return select(*columns).where(
        id_arrays.is_given(FILE.pandaid),
        FILE.modificationtime == EPOCH if live else true(),  # or they are just about to end
        FILE.fileid.is_not(None),
    )
