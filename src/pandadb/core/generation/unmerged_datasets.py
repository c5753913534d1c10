"""Datasets of outputs to be merged, when all jobs that write into them have ended.

Job generation 6.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, String, and_, bindparam, case, func, or_, select, update

from pandadb.core.generation.jobs.file_rows import UNMERGED
from pandadb.core.jobs.files.file_status import OUTPUTS, same_dataset
from pandadb.core.sql.expressions import now
from pandadb.models import FilesTable4, JediDatasetContents, JediDatasets

if TYPE_CHECKING:
    from sqlalchemy import Select, Subquery, Update

    from pandadb.core.sql.transaction import Transaction

DATASET, CONTENTS, FILE = (
    one.__table__.c for one in (JediDatasets, JediDatasetContents, FilesTable4)
)
ENDED = (
    "finished", "failed", "cancelled", "notmerged", "ready", "lost", "broken", "picked", "nooutput",
)  # fmt: skip
"""States of files that are made, or never will be."""


def release(session: Transaction, task: int, name: str) -> list[int]:
    """Release the datasets to be merged that the newest job with a file writes into.

    Their files count as to be used, but those that are still being written; return the datasets.
    """
    given = {"task": task, "name": name}
    found = [row.datasetid for row in session.execute(_datasets(), given)]
    if found:
        session.execute(_released(), {"task": task, "found": found})
    return found


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
            DATASET.jeditaskid == bindparam("task", type_=BigInteger),
            DATASET.datasetid.in_(bindparam("found", expanding=True)),
        )
        .group_by(DATASET.jeditaskid, DATASET.datasetid)
        .subquery()
    )
