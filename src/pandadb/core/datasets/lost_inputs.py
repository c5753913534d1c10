"""Input of jobs with lost output: it is ready again, or lost for the parent task (4.2)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union,
    union_all,
    update,
)

from pandadb.core.datasets import counters
from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.datasets.file_keys import KEY, same_dataset
from pandadb.core.sql.id_arrays import array
from pandadb.models import (
    FilesTable4,
    FilesTableArch,
    JediDatasetContents,
    JediDatasets,
    JediEvents,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, ColumnElement, Select, Update

    from pandadb.core.sql.transaction import Transaction

FILE, DATASET, EVENT = (m.__table__.c for m in (JediDatasetContents, JediDatasets, JediEvents))
OTHERS = (*INPUTS, "output")
"""Types of the files that a job may have read; a merge job reads output."""
EVENTS_DONE, EVENTS_CANCELLED = (3, 6, 9), 4
"""Codes of event ranges: finished, done and merged; cancelled."""
RETURNED = ("datasetid", "fileid", "lfn", "status")


def reset(
    session: Transaction, task: int, jobs: Sequence[int], *, for_parent: bool, jumbo: bool
) -> Sequence[Any]:
    """Reset the inputs of jobs of a task; return them, each with its dataset and new state.

    Files of masters are lost if they are `for_parent` to make again, others are ready; those that
    were lost before are returned, too, and are not new. With
    `jumbo` the jobs share their files: these are found by FILESTABLE4, and their events cancelled.
    """
    given = {"task": task, "jobs": [*jobs], "for_parent": for_parent}
    again = session.execute(_reset(jumbo=jumbo), given).all()
    if jumbo and (files := [row.fileid for row in again if row.is_new]):
        session.execute(_cancel_events(), {"task": task, "files": files})
    return again


@cache
def _reset(*, jumbo: bool) -> Select[Any]:
    """Return the statement that makes the inputs of the jobs ready, or lost for the parent.

    A file that has no attempt left gets one: or nothing would be done again.
    """
    read = _read_by_jumbo() if jumbo else _read()
    reset = (
        update(FILE.fileid.table)
        .where(
            *(FILE[name] == read.c[name] for name in KEY),
            DATASET.jeditaskid == FILE.jeditaskid,
            DATASET.datasetid == FILE.datasetid,
            FILE.status == "finished",
        )
        .values(_again())
        .returning(*(FILE[name] for name in RETURNED), DATASET.datasetname, _events())
        .cte("reset")
    )
    new = select(*reset.c, true().label("is_new"))
    found = union_all(new, _lost_before(read)).subquery("found")
    return select(found).order_by(found.c.datasetid, found.c.fileid).add_cte(reset, _counted(reset))


def _lost_before(read: CTE) -> Select[Any]:
    """Select the files that are for the parent already."""
    return (
        select(
            *(FILE[name] for name in RETURNED),
            DATASET.datasetname,
            literal(0).label("events"),
            false().label("is_new"),
        )
        .select_from(read)
        .join(FILE.fileid.table, and_(*(FILE[name] == read.c[name] for name in KEY)))
        .join(DATASET.datasetid.table, same_dataset(DATASET, FILE))
        .where(_is_for_parent(), FILE.status == "lost")
    )


def _is_for_parent() -> ColumnElement[bool]:
    return and_(
        bindparam("for_parent", type_=Boolean), DATASET.masterid.is_(None), DATASET.type == "input"
    )


def _again() -> dict[str, ColumnElement[Any]]:
    for_parent = _is_for_parent()
    more = case((FILE.maxattempt <= FILE.attemptnr + 1, FILE.attemptnr + 2), else_=FILE.maxattempt)
    return {
        "status": case((for_parent, "lost"), else_="ready"),
        "attemptnr": FILE.attemptnr + 1,
        "maxattempt": more,
    }


def finished_events(sums: CTE) -> ColumnElement[int]:
    """Return the events of the finished files of a dataset, as they were before the statement."""
    found = select(func.sum(counters.events_of(FILE))).where(
        FILE.jeditaskid == bindparam("task"),
        FILE.datasetid == sums.c.datasetid,
        FILE.status == "finished",
    )
    return func.coalesce(found.scalar_subquery(), 0)


def _events() -> ColumnElement[int]:
    return counters.events_of(FILE).label("events")


def _read() -> CTE:
    """Select the inputs of the jobs; of those that merge the inputs of the jobs before them."""
    own = (
        select(*(FILE[name] for name in KEY), FILE.outpandaid)
        .where(
            FILE.jeditaskid == bindparam("task"),
            FILE.pandaid == func.any(array("jobs")),
            FILE.type.in_(OTHERS),
            or_(FILE.outpandaid.is_(None), FILE.outpandaid != FILE.pandaid),
        )
        .cte("own")
        .prefix_with("MATERIALIZED")
    )
    direct = select(*(own.c[name] for name in KEY)).where(own.c.outpandaid.is_(None))
    merged = select(*(FILE[name] for name in KEY)).where(
        FILE.jeditaskid == bindparam("task"),
        FILE.pandaid.in_(select(own.c.outpandaid)),
        FILE.type.in_(INPUTS),
    )
    return union(direct, merged).cte("read")


def _read_by_jumbo() -> CTE:
    """Select the inputs of jobs by FILESTABLE4 and its archive, as jumbo jobs share files."""
    parts = [
        select(*(table.c[name] for name in KEY)).where(
            table.c.pandaid == func.any(array("jobs")), table.c.type.in_(INPUTS)
        )
        for table in (FilesTable4.__table__, FilesTableArch.__table__)
    ]
    return union(*parts).cte("read")


def _counted(reset: CTE) -> CTE:
    lost = case((reset.c.status == "lost", 1), else_=0)
    sums = (
        select(
            reset.c.datasetid,
            func.count().label("number"),
            func.sum(reset.c.events).label("events"),
            func.sum(lost).label("lost"),
            func.sum(lost * reset.c.events).label("events_lost"),
        )
        .group_by(reset.c.datasetid)
        .cte("sums")
    )
    less = {
        "nfilesused": sums.c.number,
        "nfilesfinished": sums.c.number,
        "nfiles": sums.c.lost,
        "nfilestobeused": sums.c.lost,
        "nfilesmissing": -sums.c.lost,
        "nevents": sums.c.events_lost,
    }
    return (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == bindparam("task"), DATASET.datasetid == sums.c.datasetid)
        .values(
            {name: func.coalesce(DATASET[name], 0) - n for name, n in less.items()}
            | {"neventsused": finished_events(sums) - sums.c.events}
        )
        .cte("counted")
    )


@cache
def _cancel_events() -> Update:
    """Return the statement that cancels the events of files that are to be done again."""
    return (
        update(JediEvents.__table__)
        .where(
            EVENT.jeditaskid == bindparam("task"),
            EVENT.fileid == func.any(array("files")),
            EVENT.status.in_(EVENTS_DONE),
        )
        .values(status=EVENTS_CANCELLED)
    )
