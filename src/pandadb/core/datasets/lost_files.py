"""Lost output files: the jobs that made them are done again (semantics 4.2, `finished` to `lost`).

All outputs that such a job made are lost with it, and the files that it read are ready again, with
another attempt; of a merge job those of the jobs before it. Where the parent task is to make its
part again, the files of the master are lost instead, until they are fed anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    Boolean,
    String,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    union,
    update,
)

from pandadb.core.datasets import counters
from pandadb.core.datasets.attributes import INPUT_TYPES
from pandadb.core.sql.id_arrays import array
from pandadb.core.sql.transaction import Lock
from pandadb.models import (
    FilesTable4,
    FilesTableArch,
    JediDatasetContents,
    JediDatasets,
    JediEvents,
    JediTasks,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import CTE, ColumnElement, Select, Update

    from pandadb.core.sql.transaction import Transaction

FILE, DATASET, TASK, EVENT = (
    m.__table__.c for m in (JediDatasetContents, JediDatasets, JediTasks, JediEvents)
)
PRODUCTS = ("output", "log")
OTHERS = (*INPUT_TYPES, "output")
"""Types of the files that a job may have read; output is what a merge job reads."""
KEY = ("jeditaskid", "datasetid", "fileid")
EVENTS_DONE, EVENTS_CANCELLED = (3, 6, 9), 4
"""Codes of event ranges: finished, done and merged; cancelled."""


class OutputDataset(NamedTuple):
    """A dataset that files are lost of, with its task."""

    jeditaskid: int
    datasetid: int
    username: str | None
    usejumbo: str | None


@dataclass(frozen=True)
class FileLoss:
    """What is lost with some files, and what is to be done again."""

    jobs: Sequence[int] = ()
    """Jobs that made them."""
    outputs: int = 0
    """Files that are lost."""
    inputs: int = 0
    """Files that are ready again, or lost for the parent task to make them again."""
    for_parent: dict[str, list[str]] = field(default_factory=dict)
    """Of these the ones that the parent task has to make again, by their dataset."""


def find(session: Transaction, dataset: str) -> OutputDataset | None:
    """Return the newest output or log dataset of a name, with or without scope; None for none."""
    row = session.execute(_find(), {"names": [dataset, dataset.rsplit(":", 1)[-1]]}).first()
    return None if row is None else OutputDataset(*row)


@cache
def _find() -> Select[Any]:
    return (
        select(DATASET.jeditaskid, DATASET.datasetid, TASK.username, TASK.usejumbo)
        .join(TASK.jeditaskid.table, TASK.jeditaskid == DATASET.jeditaskid)
        .where(
            DATASET.type.in_(PRODUCTS),
            DATASET.datasetname == func.any(bindparam("names", type_=ARRAY(String))),
        )
        .order_by(DATASET.jeditaskid.desc(), DATASET.datasetid.desc())
        .limit(1)
    )


def lock(session: Transaction, task: int, how: Lock) -> None:
    """Lock a task, then its datasets in the order of their ids."""
    nowait, skip = how is Lock.NOWAIT, how is Lock.SKIP
    for table, columns in ((TASK, ("jeditaskid",)), (DATASET, ("jeditaskid", "datasetid"))):
        rows = select(*(table[name] for name in columns)).where(table.jeditaskid == task)
        rows = rows.order_by(*(table[name] for name in columns))
        session.execute(rows.with_for_update(nowait=nowait, skip_locked=skip)).all()


def lose(
    session: Transaction,
    dataset: OutputDataset,
    lfns: Iterable[str],
    *,
    recover_parent: bool = False,
) -> FileLoss:
    """Lose files of a locked task's output dataset, and all that their jobs have made.

    With `recover_parent` the files of masters that these jobs read are lost, too: the parent task
    makes them again. Counters of all datasets follow, with the events.
    """
    given = {"task": dataset.jeditaskid, "dataset": dataset.datasetid, "lfns": [*lfns]}
    jobs = [*session.scalars(_jobs(), given)]
    if not jobs:
        return FileLoss()
    chosen = {"task": dataset.jeditaskid, "jobs": jobs, "for_parent": recover_parent}
    outputs = session.execute(_lose_outputs(), chosen).scalar_one()
    jumbo = dataset.usejumbo is not None
    again = session.execute(_reset_inputs(jumbo=jumbo), chosen).all()
    if jumbo and again:
        files = {"task": dataset.jeditaskid, "files": [row.fileid for row in again]}
        session.execute(_cancel_events(), files)
    for_parent: dict[str, list[str]] = {}
    for row in again:
        if row.status == "lost":
            for_parent.setdefault(row.datasetname, []).append(row.lfn)
    return FileLoss(jobs, outputs, len(again), for_parent)


@cache
def _jobs() -> Select[Any]:
    """Return the statement of the jobs that made files of a dataset, by their names."""
    return (
        select(FILE.pandaid)
        .where(
            FILE.jeditaskid == bindparam("task"),
            FILE.datasetid == bindparam("dataset"),
            FILE.lfn == func.any(bindparam("lfns", type_=ARRAY(String))),
            FILE.pandaid.is_not(None),
        )
        .distinct()
        .order_by(FILE.pandaid)
    )


@cache
def _lose_outputs() -> Select[Any]:
    """Lose what the jobs have made; the datasets are open again, with fewer events."""
    lost = (
        update(FILE.fileid.table)
        .where(
            FILE.jeditaskid == bindparam("task"),
            FILE.pandaid == func.any(array("jobs")),
            FILE.type == "output",
            FILE.status == "finished",
        )
        .values(status="lost")
        .returning(FILE.datasetid, counters.events_of(FILE).label("events"))
        .cte("lost")
    )
    sums = _sums(lost)
    counted = (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == bindparam("task"), DATASET.datasetid == sums.c.datasetid)
        .values(
            nfilesfinished=_less("nfilesfinished", sums.c.number),
            nevents=_less("nevents", sums.c.events),
            state=None,
        )
        .cte("counted")
    )
    return select(func.count()).select_from(lost).add_cte(counted)


def _sums(changed: CTE) -> CTE:
    return (
        select(
            changed.c.datasetid,
            func.count().label("number"),
            func.sum(changed.c.events).label("events"),
        )
        .group_by(changed.c.datasetid)
        .cte("sums")
    )


def _less(counter: str, number: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(DATASET[counter], 0) - number


@cache
def _reset_inputs(*, jumbo: bool) -> Select[Any]:
    """Return the statement that makes the inputs of the jobs ready, or lost for the parent.

    A file that has no attempt left gets one: or nothing would be done again.
    """
    read = _read_by_jumbo() if jumbo else _read()
    for_parent = and_(
        bindparam("for_parent", type_=Boolean), DATASET.masterid.is_(None), DATASET.type == "input"
    )
    reset = (
        update(FILE.fileid.table)
        .where(
            *(FILE[name] == read.c[name] for name in KEY),
            DATASET.jeditaskid == FILE.jeditaskid,
            DATASET.datasetid == FILE.datasetid,
            FILE.status == "finished",
        )
        .values(
            status=case((for_parent, "lost"), else_="ready"),
            attemptnr=FILE.attemptnr + 1,
            maxattempt=case(
                (FILE.maxattempt <= FILE.attemptnr + 1, FILE.attemptnr + 2), else_=FILE.maxattempt
            ),
        )
        .returning(
            FILE.datasetid,
            FILE.fileid,
            FILE.lfn,
            FILE.status,
            DATASET.datasetname,
            counters.events_of(FILE).label("events"),
        )
        .cte("reset")
    )
    found = select(reset).order_by(reset.c.datasetid, reset.c.fileid)
    return found.add_cte(_inputs_counted(reset))


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
        FILE.type.in_(INPUT_TYPES),
    )
    return union(direct, merged).cte("read")


def _read_by_jumbo() -> CTE:
    """Select the inputs of jobs by FILESTABLE4 and its archive, as jumbo jobs share files."""
    parts = [
        select(*(table.c[name] for name in KEY)).where(
            table.c.pandaid == func.any(array("jobs")), table.c.type.in_(INPUT_TYPES)
        )
        for table in (FilesTable4.__table__, FilesTableArch.__table__)
    ]
    return union(*parts).cte("read")


def _inputs_counted(reset: CTE) -> CTE:
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
        .cte("input_sums")
    )
    less = {
        "nfilesused": sums.c.number,
        "nfilesfinished": sums.c.number,
        "neventsused": sums.c.events,
        "nfiles": sums.c.lost,
        "nfilestobeused": sums.c.lost,
        "nfilesmissing": -sums.c.lost,
        "nevents": sums.c.events_lost,
    }
    return (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == bindparam("task"), DATASET.datasetid == sums.c.datasetid)
        .values({name: _less(name, number) for name, number in less.items()})
        .cte("inputs_counted")
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
