"""Files that a finish command gives up: they count as out of attempts (semantics 3.3)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, tuple_, update

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.sql.expressions import constants
from pandadb.core.sql.id_arrays import is_given, written
from pandadb.core.tasks.row_locks import refusing_to_wait
from pandadb.models import JediDatasetContents, JediDatasets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c


def give_up(session: Transaction, tasks: Sequence[int]) -> int:
    """Use up the attempts of the ready input files of tasks; return how many files.

    Their datasets count them as failed and as used: a retry takes them back from both, where the
    server would take them from the files that are used indeed [bug]. Files without a limit of
    attempts stay as they are.
    """
    if not tasks:
        return 0
    with refusing_to_wait():
        rows = session.execute(_statement(), {"pandaids": written(tasks)}).all()
    return sum(row.files for row in rows)


@cache
def _statement() -> Select[Any]:
    datasets = _locked_datasets().cte("datasets").prefix_with("MATERIALIZED")
    failed = (
        update(JediDatasetContents.__table__)
        .where(
            tuple_(FILE.jeditaskid, FILE.datasetid).in_(
                select(datasets.c.jeditaskid, datasets.c.datasetid)
            ),
            FILE.status == "ready",
            FILE.keeptrack == 1,
            FILE.attemptnr < FILE.maxattempt,
            or_(FILE.maxfailure.is_(None), FILE.failedattempt < FILE.maxfailure),
        )
        .values(attemptnr=FILE.maxattempt)
        .returning(FILE.jeditaskid, FILE.datasetid)
        .cte("failed")
    )
    key = (failed.c.jeditaskid, failed.c.datasetid)
    counted = select(*key, func.count().label("files")).group_by(*key).cte("counted")
    changed = (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == counted.c.jeditaskid, DATASET.datasetid == counted.c.datasetid)
        .values(
            nfilesused=func.coalesce(DATASET.nfilesused, 0) + counted.c.files,
            nfilesfailed=func.coalesce(DATASET.nfilesfailed, 0) + counted.c.files,
        )
        .cte("changed")
    )
    return select(counted).add_cte(changed)


def _locked_datasets() -> Select[Any]:
    """Lock the input datasets with files that have not ended."""
    ended = DATASET.nfilesfinished + DATASET.nfilesfailed
    return (
        select(DATASET.jeditaskid, DATASET.datasetid)
        .where(
            and_(is_given(DATASET.jeditaskid), DATASET.type.in_(constants(INPUTS))),
            or_(DATASET.nfiles > ended, DATASET.nfilestobeused > ended),
        )
        .order_by(DATASET.datasetid)
        .with_for_update()
    )
