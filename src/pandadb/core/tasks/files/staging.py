"""Files that are being staged, released: semantics 4.2, `staging` to `pending`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select, tuple_, update

from pandadb.core.sql.id_arrays import array, is_given, unnested, written
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediDatasetContents, JediDatasets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row, Select, Update

    from pandadb.core.sql.transaction import Transaction

FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c


def release(session: Transaction, rows: Sequence[Row[Any]]) -> None:
    """Take the files of datasets, given as rows, for staged; those that belong to them follow."""
    if not rows:
        return
    given = {"tasks": [row.jeditaskid for row in rows], "ids": [row.datasetid for row in rows]}
    connection = connection_of(session)
    connection.execute(_released(), given)
    tasks = {"pandaids": written({*given["tasks"]})}
    connection.execute(_followed(), tasks)


@cache
def _released() -> Update:
    given = unnested("given", jeditaskid=array("tasks"), datasetid=array("ids"))
    return (
        update(JediDatasetContents.__table__)
        .where(
            FILE.jeditaskid == given.c.jeditaskid,
            FILE.datasetid == given.c.datasetid,
            FILE.status == "staging",
        )
        .values(status="pending")
    )


@cache
def _followed() -> Select[Any]:
    """Release the files of made-up secondary datasets beside the files of the first master.

    The first file by number belongs to the first by name, and so on. The counter of such a dataset
    is set to its files that are not being staged.
    """
    primary = (
        select(DATASET.jeditaskid, func.min(DATASET.datasetid).label("datasetid"))
        .where(is_given(DATASET.jeditaskid), DATASET.type == "input", DATASET.masterid.is_(None))
        .group_by(DATASET.jeditaskid)
        .cte("primary_dataset")
    )
    secondary = (
        select(DATASET.jeditaskid, DATASET.datasetid)
        .where(
            DATASET.jeditaskid == primary.c.jeditaskid,
            DATASET.type == "pseudo_input",
            DATASET.masterid.is_not(None),
        )
        .cte("secondary")
    )
    first = _numbered(primary, FILE.lfn, "first")
    others = _numbered(secondary, FILE.fileid, "others")
    follows = and_(
        others.c.jeditaskid == first.c.jeditaskid,
        others.c.number == first.c.number,
        first.c.status != "staging",
        others.c.status == "staging",
    )
    freed = select(others.c.jeditaskid, others.c.datasetid, others.c.fileid).join_from(
        others, first, follows
    )
    freed_files = freed.cte("freed")
    changed = (
        update(JediDatasetContents.__table__)
        .where(
            FILE.jeditaskid == freed_files.c.jeditaskid,
            FILE.datasetid == freed_files.c.datasetid,
            FILE.fileid == freed_files.c.fileid,
        )
        .values(status="ready")
        .cte("changed")
    )
    is_freed = tuple_(others.c.datasetid, others.c.fileid).in_(
        select(freed_files.c.datasetid, freed_files.c.fileid)
    )
    sums = (
        select(
            others.c.jeditaskid,
            others.c.datasetid,
            func.count().filter((others.c.status != "staging") | is_freed).label("files"),
        )
        .group_by(others.c.jeditaskid, others.c.datasetid)
        .cte("sums")
    )
    counted = (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == sums.c.jeditaskid, DATASET.datasetid == sums.c.datasetid)
        .values(nfilestobeused=sums.c.files)
        .cte("counted")
    )
    return select(func.count()).select_from(freed_files).add_cte(changed, counted)


def _numbered(datasets: Any, order: Any, name: str) -> Any:
    """Return the files of datasets with their numbers in an order."""
    number = func.row_number().over(partition_by=(FILE.jeditaskid, FILE.datasetid), order_by=order)
    return (
        select(FILE.jeditaskid, FILE.datasetid, FILE.fileid, FILE.status, number.label("number"))
        .join_from(
            datasets,
            FILE.fileid.table,
            and_(FILE.jeditaskid == datasets.c.jeditaskid, FILE.datasetid == datasets.c.datasetid),
        )
        .cte(name)
    )
