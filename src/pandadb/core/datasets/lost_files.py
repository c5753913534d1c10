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
    String,
    bindparam,
    func,
    select,
    update,
)

from pandadb.core.datasets import counters, lost_inputs
from pandadb.core.datasets.dataset_types import PRODUCED
from pandadb.core.sql.id_arrays import array
from pandadb.core.sql.transaction import Lock
from pandadb.models import (
    JediDatasetContents,
    JediDatasets,
    JediTasks,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

FILE, DATASET, TASK = (m.__table__.c for m in (JediDatasetContents, JediDatasets, JediTasks))


class OutputDataset(NamedTuple):
    """A dataset that files are lost of, with its task."""

    jeditaskid: int
    datasetid: int
    username: str | None
    usejumbo: str | None


@dataclass(frozen=True)
class FileLoss:
    """Files that are lost together, and those to be done again."""

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
            DATASET.type.in_(PRODUCED),
            DATASET.datasetname == func.any(bindparam("names", type_=ARRAY(String))),
        )
        .order_by(DATASET.jeditaskid.desc(), DATASET.datasetid.desc())
        .limit(1)
    )


def lock_datasets(session: Transaction, task: int, how: Lock) -> None:
    """Lock the datasets of a locked task in the order of their ids."""
    datasets = select(DATASET.datasetid).where(DATASET.jeditaskid == task)
    datasets = datasets.order_by(DATASET.datasetid)
    session.execute(datasets.with_for_update(key_share=True, nowait=how is Lock.NOWAIT)).all()


def lose(
    session: Transaction,
    dataset: OutputDataset,
    lfns: Iterable[str],
    *,
    recover_parent: bool = False,
) -> FileLoss:
    """Lose files of a locked task's output dataset, and all that their jobs have made.

    With `recover_parent` the files of masters that these jobs read are lost, too: the parent task
    makes them again, and those that were lost before are answered as well. Counters of all datasets
    follow, with the events.
    """
    given = {"task": dataset.jeditaskid, "dataset": dataset.datasetid, "lfns": [*lfns]}
    jobs = [*session.scalars(_jobs(), given)]
    if not jobs:
        return FileLoss()
    made = {"task": dataset.jeditaskid, "jobs": jobs}
    outputs = session.execute(_lose_outputs(), made).scalar_one()
    again = lost_inputs.reset(
        session,
        dataset.jeditaskid,
        jobs,
        for_parent=recover_parent,
        jumbo=dataset.usejumbo is not None,
    )
    for_parent: dict[str, list[str]] = {}
    for row in again:
        if row.status == "lost":
            for_parent.setdefault(row.datasetname, []).append(row.lfn)
    return FileLoss(jobs, outputs, sum(row.is_new for row in again), for_parent)


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
    """Lose the outputs of the jobs; the datasets are open again, with the events that are left."""
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
    sums = (
        select(
            lost.c.datasetid,
            func.count().label("number"),
            func.sum(lost.c.events).label("events"),
        )
        .group_by(lost.c.datasetid)
        .cte("sums")
    )
    counted = (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == bindparam("task"), DATASET.datasetid == sums.c.datasetid)
        .values(
            nfilesfinished=func.coalesce(DATASET.nfilesfinished, 0) - sums.c.number,
            nevents=lost_inputs.finished_events(sums) - sums.c.events,
            state=None,
        )
        .cte("counted")
    )
    return select(func.count()).select_from(lost).add_cte(counted)
