"""Counters of datasets: files that are used, and counts that files contradict. Job generation 1."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, func, not_, or_, select, update

from pandadb.core.sql import id_arrays
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediDatasetContents, JediDatasets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import CTE, Update

    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction

FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c
ENDED = ("finished", "failed", "cancelled")
LOST = ("missing", "lost")
AT_WORK = ("running", "merging", "picked")


def count_used(session: Transaction, used: Mapping[tuple[int, int], int]) -> None:
    """Count files of datasets, by (task, dataset), as used."""
    given = {key: number for key, number in used.items() if number}
    if given:
        parameters = {
            "tasks": [task for task, _ in given],
            "datasets": [dataset for _, dataset in given],
            "numbers": [*given.values()],
        }
        connection_of(session).execute(_count_used(), parameters)


def mend(session: Transaction, datasets: Iterable[Row]) -> None:
    """Correct the counters of masters of which no file is left, though the counters have some.

    NFILESUSED becomes the files that are done or at work, NFILESTOBEUSED at most as many as can
    still come; a dataset without files at work is `finished`.
    """
    keys = [(one["jeditaskid"], one["datasetid"]) for one in datasets]
    if keys:
        parameters = {"tasks": [key[0] for key in keys], "datasets": [key[1] for key in keys]}
        connection_of(session).execute(_mend(), parameters)


@cache
def _count_used() -> Update:
    used = id_arrays.unnested(
        "used",
        jeditaskid=id_arrays.array("tasks"),
        datasetid=id_arrays.array("datasets"),
        number=id_arrays.array("numbers"),
    )
    return (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == used.c.jeditaskid, DATASET.datasetid == used.c.datasetid)
        .values(nfilesused=func.coalesce(DATASET.nfilesused, 0) + used.c.number)
    )


@cache
def _mend() -> Update:
    files = _counts()
    here, coming = files.c.done + files.c.active, files.c.done + files.c.at_work + files.c.ready
    is_behind = and_(
        DATASET.nfilesused < DATASET.nfilestobeused,
        DATASET.nfilestobeused > 0,
        files.c.active == files.c.at_work + files.c.ready,
    )
    return (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == files.c.jeditaskid, DATASET.datasetid == files.c.datasetid)
        .values(
            nfilesused=case((is_behind, here), else_=DATASET.nfilesused),
            nfilestobeused=func.least(DATASET.nfilestobeused, coming),
            status=case((files.c.active == 0, "finished"), else_=DATASET.status),
        )
    )


def _counts() -> CTE:
    """Count the files of the given datasets by what can still become of them."""
    given = id_arrays.unnested(
        "given", jeditaskid=id_arrays.array("tasks"), datasetid=id_arrays.array("datasets")
    )
    is_spent = or_(
        FILE.attemptnr >= FILE.maxattempt,
        and_(FILE.maxfailure > 0, FILE.failedattempt >= FILE.maxfailure),
    )
    is_done = or_(
        FILE.status.in_(ENDED), and_(FILE.status == "ready", func.coalesce(is_spent, False))
    )
    is_active = and_(FILE.fileid.is_not(None), not_(is_done), FILE.status.not_in(LOST))
    conditions = {
        "done": is_done,
        "active": is_active,
        "at_work": FILE.status.in_(AT_WORK),
        "ready": and_(is_active, FILE.status == "ready"),
    }
    same = and_(FILE.jeditaskid == given.c.jeditaskid, FILE.datasetid == given.c.datasetid)
    return (
        select(
            given.c.jeditaskid,
            given.c.datasetid,
            *(func.count().filter(one).label(name) for name, one in conditions.items()),
        )
        .select_from(given)
        .outerjoin(JediDatasetContents.__table__, same)
        .group_by(given.c.jeditaskid, given.c.datasetid)
        .cte("files")
    )
