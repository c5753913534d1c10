"""All files of tasks again, and more attempts for their files (semantics 3.6, "Related")."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Integer, and_, bindparam, case, func, select, update

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.datasets.file_keys import KEY, same_dataset, same_file
from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.files import dataset_rows
from pandadb.core.tasks.files.new_attempts import is_spent
from pandadb.models import JediDatasetContents, JediDatasets, JediTasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, Row, Select

    from pandadb.core.sql.transaction import Transaction

TASK, FILE = JediTasks.__table__.c, JediDatasetContents.__table__.c
DATASET = JediDatasets.__table__.c
REACTIVATED = (*INPUTS, "random_seed")
"""Types of datasets that are worked on from the beginning when their task is reactivated."""


@dataclass(frozen=True)
class MoreAttempts:
    """The files of a task with more attempts."""

    files: int = 0
    reactivated: int = 0
    """Those of them that had none left."""


def increase_attempts(
    session: Transaction, tasks: Sequence[int], by: int
) -> dict[int, MoreAttempts]:
    """Allow the ready input files of tasks more attempts and failures; return their numbers.

    A file without attempts left has `by` from its last one on, and is not counted as used or failed
    any more. The tasks are locked.
    """
    if not tasks:
        return {}
    dataset_rows.lock(session, tasks, INPUTS)
    given = {"pandaids": [*tasks], "by": by}
    rows = connection_of(session).execute(_increase(), given)
    found = {row.jeditaskid: MoreAttempts(row.files, row.spent) for row in rows}
    return {task: found.get(task, MoreAttempts()) for task in tasks}


def reactivate(
    session: Transaction, tasks: Sequence[int], *, keep_attempts: bool
) -> dict[int, int]:
    """Make all input files of tasks ready, and the tasks; return the numbers of files.

    Files have all their attempts again, unless `keep_attempts`. It is an operator's repair: times,
    the status log and T_TASK are left as they are. The tasks are locked.
    """
    dataset_rows.lock(session, tasks, REACTIVATED)
    given = {"pandaids": [*tasks], "keep": keep_attempts}
    rows: Sequence[Row[Any]] = connection_of(session).execute(_reactivation(), given).all()
    found = {row.jeditaskid: row.files for row in rows}
    return {task: found.get(task, 0) for task in tasks}


def _files(types: tuple[str, ...], *chosen: Any) -> CTE:
    """Select and lock the files of the tasks' datasets of some types."""
    return (
        select(*(FILE[name] for name in KEY), is_spent(FILE).label("spent"))
        .join_from(DATASET.datasetid.table, FILE.fileid.table, same_dataset(FILE, DATASET))
        .where(is_given(DATASET.jeditaskid), DATASET.type.in_(types), *chosen)
        .order_by(*(FILE[name] for name in KEY))
        .with_for_update(of=JediDatasetContents.__table__)
        .cte("files")
    )


def _sums(files: CTE) -> CTE:
    keys = [files.c[name] for name in KEY[:2]]
    spent = func.count().filter(files.c.spent).label("spent")
    return select(*keys, func.count().label("files"), spent).group_by(*keys).cte("sums")


@cache
def _increase() -> Select[Any]:
    by = bindparam("by", type_=Integer)
    files = _files(
        INPUTS, FILE.status == "ready", FILE.keeptrack == 1, FILE.maxattempt.is_not(None)
    )
    goes_on = and_(FILE.maxattempt > FILE.attemptnr, FILE.maxfailure > FILE.failedattempt)
    more = case((FILE.maxattempt > FILE.attemptnr, FILE.maxattempt + by), else_=FILE.attemptnr + by)
    changed = (
        update(JediDatasetContents.__table__)
        .where(same_file(FILE, files.c))
        .values(
            maxattempt=more,
            maxfailure=FILE.maxfailure + by,
            proc_status=case((goes_on, FILE.proc_status), else_="ready"),
        )
        .cte("changed")
    )
    sums = _sums(files)
    counted = (
        update(JediDatasets.__table__)
        .where(same_dataset(DATASET, sums.c), sums.c.spent > 0)
        .values(
            nfilesused=func.greatest(DATASET.nfilesused - sums.c.spent, 0),
            nfilesfailed=func.greatest(DATASET.nfilesfailed - sums.c.spent, 0),
        )
        .cte("counted")
    )
    return (
        select(
            sums.c.jeditaskid,
            func.sum(sums.c.files).label("files"),
            func.sum(sums.c.spent).label("spent"),
        )
        .group_by(sums.c.jeditaskid)
        .add_cte(changed, counted)
    )


@cache
def _reactivation() -> Select[Any]:
    keep = bindparam("keep", type_=Boolean)
    files = _files(REACTIVATED)
    sums = _sums(files)
    changed = (
        update(JediDatasetContents.__table__)
        .where(same_file(FILE, files.c))
        .values(status="ready", attemptnr=case((keep, FILE.attemptnr), else_=0))
        .cte("changed")
    )
    counted = (
        update(JediDatasets.__table__)
        .where(same_dataset(DATASET, sums.c))
        .values(
            status="ready",
            nfilesused=0,
            nfilestobeused=DATASET.nfiles,
            nfilesfinished=0,
            nfilesfailed=0,
        )
        .cte("counted")
    )
    again = (
        update(JediTasks.__table__)
        .where(is_given(TASK.jeditaskid))
        .values(status="ready")
        .cte("again")
    )
    return (
        select(sums.c.jeditaskid, func.sum(sums.c.files).label("files"))
        .group_by(sums.c.jeditaskid)
        .add_cte(changed, counted, again)
    )
