"""Files that were picked and that no job was made of, ready again: job generation 4."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from pandadb.core.sql import id_arrays
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediDatasetContents, JediDatasets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Select

    from pandadb.core.generation.slices import Chunk
    from pandadb.core.sql.transaction import Transaction

FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c


def put_back(session: Transaction, chunks: Iterable[Chunk]) -> int:
    """Make the files of chunks that are still picked ready again; return how many.

    They no longer count as used. Files of the datasets with another RAMCOUNT are left, and those
    that wait for a co-jumbo job: they stay picked until another job has them.
    """
    keys = {
        (one.row["jeditaskid"], one.row["datasetid"], chunk.ramcount)
        for chunk in chunks
        for one in (chunk.master, *chunk.secondaries)
    }
    if not keys:
        return 0
    tasks, datasets, ramcounts = zip(*sorted(keys), strict=True)
    parameters = {"tasks": [*tasks], "datasets": [*datasets], "ramcounts": [*ramcounts]}
    return int(connection_of(session).scalar(_put_back(), parameters) or 0)


@cache
def _put_back() -> Select[Any]:
    given = id_arrays.unnested(
        "given",
        jeditaskid=id_arrays.array("tasks"),
        datasetid=id_arrays.array("datasets"),
        ramcount=id_arrays.array("ramcounts"),
    )
    ready = (
        update(JediDatasetContents.__table__)
        .where(
            FILE.jeditaskid == given.c.jeditaskid,
            FILE.datasetid == given.c.datasetid,
            func.coalesce(FILE.ramcount, 0) == given.c.ramcount,
            FILE.status == "picked",
            FILE.is_waiting.is_(None),
        )
        .values(status="ready")
        .returning(FILE.jeditaskid, FILE.datasetid)
        .cte("ready")
    )
    numbers = (
        select(ready.c.jeditaskid, ready.c.datasetid, func.count().label("number"))
        .group_by(ready.c.jeditaskid, ready.c.datasetid)
        .cte("numbers")
    )
    counted = (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == numbers.c.jeditaskid, DATASET.datasetid == numbers.c.datasetid)
        .values(nfilesused=DATASET.nfilesused - numbers.c.number)
        .cte("counted")
    )
    return select(func.coalesce(func.sum(numbers.c.number), 0)).add_cte(counted)
