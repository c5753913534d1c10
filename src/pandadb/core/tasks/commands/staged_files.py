"""Files that are being staged from tape, released without waiting for it (semantics 3.3, 4.2)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, literal_column, select, tuple_, update

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.sql.expressions import constants, now
from pandadb.core.sql.id_arrays import is_given, written
from pandadb.core.tasks.row_locks import refusing_to_wait
from pandadb.models import JediDatasetContents, JediDatasets, JediTasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select, Update

    from pandadb.core.sql.transaction import Transaction

FILE, DATASET, TASK = (
    JediDatasetContents.__table__.c, JediDatasets.__table__.c, JediTasks.__table__.c,
)  # fmt: skip


def release(session: Transaction, tasks: Sequence[int]) -> int:
    """Make the staging files of the tasks' inputs pending; return how many.

    They are counted as files to be used of secondary datasets. A task with such files is dated
    back by a day, so that its files are fed at once, unless an agent has locked it.
    """
    if not tasks:
        return 0
    given = {"pandaids": written(tasks)}
    with refusing_to_wait():
        session.execute(_locked_datasets(), given)
        staged = session.scalars(_released(), given).all()
        session.execute(_counted(), given)
        session.execute(_fed_again(), {"pandaids": written({*staged})})
    return len(staged)


@cache
def _locked_datasets() -> Select[Any]:
    chosen = select(DATASET.datasetid).where(is_given(DATASET.jeditaskid))
    return (
        chosen.where(DATASET.type.in_(constants(INPUTS)))
        .order_by(DATASET.datasetid)
        .with_for_update()
    )


@cache
def _released() -> Update:
    datasets = (
        select(DATASET.jeditaskid, DATASET.datasetid)
        .where(is_given(DATASET.jeditaskid), DATASET.type.in_(constants(INPUTS)))
    )  # fmt: skip
    return (
        update(JediDatasetContents.__table__)
        .where(
            is_given(FILE.jeditaskid),
            tuple_(FILE.jeditaskid, FILE.datasetid).in_(datasets),
            FILE.status == "staging",
        )
        .values(status="pending")
        .returning(FILE.jeditaskid)
    )


@cache
def _counted() -> Update:
    """Count the files of secondary datasets as files to be used, where there is a master input."""
    master = JediDatasets.__table__.alias("master").c
    count = (
        select(func.count())
        .select_from(JediDatasetContents)
        .where(
            FILE.jeditaskid == DATASET.jeditaskid,
            FILE.datasetid == DATASET.datasetid,
            FILE.status != "staging",
        )
        .scalar_subquery()
    )
    has_master = exists().where(
        master.jeditaskid == DATASET.jeditaskid, master.type == "input", master.masterid.is_(None)
    )
    return (
        update(JediDatasets.__table__)
        .where(
            is_given(DATASET.jeditaskid),
            DATASET.type == "pseudo_input",
            DATASET.masterid.is_not(None),
            has_master,
        )
        .values(nfilestobeused=count)
    )


@cache
def _fed_again() -> Update:
    return (
        update(JediTasks.__table__)
        .where(is_given(TASK.jeditaskid), TASK.lockedby.is_(None))
        .values(modificationtime=now() - literal_column("interval '1 day'"))
    )
