"""Files of datasets with equal indexes (attribute `ic`): others are lost (4.1).

The index of a file is the second and third field of its name, by dots.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, func, select, update

from pandadb.core.datasets import recounts
from pandadb.core.sql.id_arrays import array
from pandadb.models import JediDatasetContents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Update

    from pandadb.core.sql.transaction import Transaction

FILE = JediDatasetContents.__table__.c
HAS_INDEX = "%.%.%"


def drop_inconsistent(session: Transaction, task: int, datasets: Sequence[int]) -> None:
    """Lose ready files of datasets if another of them lacks their index; count the task anew."""
    session.execute(_lose(), {"task": task, "datasets": [*datasets]})
    recounts.recount(session, [task])


@cache
def _lose() -> Update:
    given = array("datasets")
    index = func.concat(*(func.split_part(FILE.lfn, ".", part) for part in (2, 3)))
    chosen = and_(
        FILE.jeditaskid == bindparam("task"),
        FILE.datasetid == func.any(given),
        FILE.lfn.like(HAS_INDEX),
    )
    common = (
        select(index.label("common"))
        .where(chosen)
        .group_by(index)
        .having(func.count(FILE.datasetid.distinct()) == func.cardinality(given))
    )
    return (
        update(FILE.fileid.table)
        .where(chosen, FILE.status == "ready", index.not_in(common))
        .values(status="lost")
    )
