"""Datasets of outputs to be merged, when all jobs that write into them have ended.

Job generation 6.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from pandadb.core.datasets import dataset_types
from pandadb.core.generation.jobs.file_rows import UNMERGED
from pandadb.core.jobs.files.file_status import OUTPUTS, same_dataset
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array
from pandadb.core.tasks.states import GENERATING
from pandadb.models import FilesTable4, JediDatasetContents, JediDatasets, JediTasks

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select, Subquery, Update

    from pandadb.core.sql.transaction import Transaction

TASK, DATASET, CONTENTS, FILE = (
    one.__table__.c for one in (JediTasks, JediDatasets, JediDatasetContents, FilesTable4)
)
ENDED = (
    "finished", "failed", "cancelled", "notmerged", "ready", "lost", "broken", "picked", "nooutput",
)  # fmt: skip
"""States of files that are made, or never will be."""
WRITING = ("defined", "transferring", "merging")
"""States of files that a job has yet to write; so has it those of its own that are running."""
TRANSIENT_TYPES = dataset_types.MERGED


def release(session: Transaction, task: int, name: str) -> list[int]:
    """Release the datasets to be merged that the newest job with a file writes into.

    Their files count as to be used, but those that are still being written; return the datasets.
    """
    given = {"task": task, "name": name}
    found = [row.datasetid for row in session.execute(_datasets(), given)]
    if found:
        session.execute(_released(), {"tasks": [task], "found": found})
    return found


def release_complete(session: Transaction, vo: str | None, label: str | None) -> list[int]:
    """Release the datasets to be merged without a file that a job has yet to write.

    They are of tasks of a VO and a label (None: any) for which jobs are generated. Datasets that
    another transaction has locked are left for the next time. Returns the datasets.
    """
    rows = session.execute(_complete(), {"given_vo": vo, "given_label": label}).all()
    found = [row.datasetid for row in rows]
    if found:
        tasks = sorted({row.jeditaskid for row in rows})
        session.execute(_released(), {"tasks": tasks, "found": found})
    return found


@cache
def _complete() -> Select[Any]:
    """Lock the tasks, then the complete datasets, by id; datasets of locked tasks are left out."""
    vo, label = bindparam("given_vo", type_=String), bindparam("given_label", type_=String)
    file = CONTENTS
    written = and_(same_dataset(file, DATASET), file.pandaid.is_not(None))
    to_be_written = or_(
        file.status.in_(WRITING), and_(file.status == "running", file.pandaid == file.outpandaid)
    )
    chosen = (
        select(TASK.jeditaskid)
        .where(
            TASK.status.in_(GENERATING),
            or_(vo.is_(None), TASK.vo == vo),
            or_(label.is_(None), TASK.prodsourcelabel == label),
            exists().where(DATASET.jeditaskid == TASK.jeditaskid, *_is_unreleased()),
        )
        .order_by(TASK.jeditaskid)
        .with_for_update(key_share=True, skip_locked=True)
        .cte("chosen")
    )
    return (
        select(DATASET.jeditaskid, DATASET.datasetid)
        .join(chosen, chosen.c.jeditaskid == DATASET.jeditaskid)
        .where(
            *_is_unreleased(),
            exists().where(written),
            ~exists().where(same_dataset(file, DATASET), to_be_written),
        )
        .order_by(DATASET.jeditaskid, DATASET.datasetid)
        .with_for_update(of=JediDatasets.__table__, skip_locked=True)
    )


def _is_unreleased() -> tuple[ColumnElement[bool], ...]:
    return DATASET.type.in_(TRANSIENT_TYPES), DATASET.status == "defined"


@cache
def _datasets() -> Select[Any]:
    """Lock the datasets, by id."""
    task = bindparam("task", type_=BigInteger)
    job = select(func.max(FILE.pandaid)).where(
        FILE.jeditaskid == task, FILE.lfn == bindparam("name", type_=String)
    )
    written = select(FILE.datasetid).where(
        FILE.pandaid == job.scalar_subquery(),
        FILE.jeditaskid == task,
        FILE.type.in_(OUTPUTS),
        FILE.destinationdblocktoken == UNMERGED,
    )
    return (
        select(DATASET.datasetid)
        .where(DATASET.jeditaskid == task, DATASET.datasetid.in_(written))
        .order_by(DATASET.datasetid)
        .with_for_update()
    )


@cache
def _released() -> Update:
    number = _numbers()
    return (
        update(JediDatasets.__table__)
        .where(same_dataset(DATASET, number.c))
        .values(
            nfilesonhold=0,
            nfiles=number.c.files,
            nfilestobeused=number.c.files,
            nfilesused=number.c.files - number.c.ready,
            status=case((number.c.ready > 0, "ready"), else_="done"),
            modificationtime=now(),
        )
    )


def _numbers() -> Subquery:
    """Count the files of the datasets that are made, or never will be, and those to be merged."""
    is_merged = and_(CONTENTS.status == "running", CONTENTS.pandaid != CONTENTS.outpandaid)
    ended = and_(
        same_dataset(CONTENTS, DATASET),
        CONTENTS.pandaid.is_not(None),
        or_(CONTENTS.status.in_(ENDED), is_merged),
    )
    files = func.count(CONTENTS.fileid)
    return (
        select(
            DATASET.jeditaskid,
            DATASET.datasetid,
            files.label("files"),
            files.filter(CONTENTS.status == "ready").label("ready"),
        )
        .join(CONTENTS.fileid.table, ended, isouter=True)
        .where(
            DATASET.jeditaskid == func.any(array("tasks")),
            DATASET.datasetid.in_(bindparam("found", expanding=True)),
        )
        .group_by(DATASET.jeditaskid, DATASET.datasetid)
        .subquery()
    )
