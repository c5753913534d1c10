"""Files that are being staged, released: semantics 4.2, `staging` to `pending`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select, update

from pandadb.core.datasets.file_keys import KEY, same_dataset, same_file
from pandadb.core.sql.id_arrays import array, is_given, unnested
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediDatasetContents, JediDatasets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, ColumnElement, Row, Select, Update

    from pandadb.core.sql.transaction import Transaction

FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c


def release(session: Transaction, rows: Sequence[Row[Any]]) -> None:
    """Take the files of datasets, given as rows, for staged; those that belong to them follow."""
    if not rows:
        return
    given = {"tasks": [row.jeditaskid for row in rows], "ids": [row.datasetid for row in rows]}
    connection = connection_of(session)
    connection.execute(_released(), given)
    tasks = {"pandaids": [*{*given["tasks"]}]}
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
    first, others = _files_in_order()
    follows = and_(
        others.c.jeditaskid == first.c.jeditaskid,
        others.c.number == first.c.number,
        first.c.status != "staging",
        others.c.status == "staging",
    )
    keys = [others.c[name] for name in KEY]
    freed = select(*keys).join_from(others, first, follows).cte("freed")
    changed = (
        update(JediDatasetContents.__table__)
        .where(same_file(FILE, freed.c))
        .values(status="ready")
        .cte("changed")
    )
    sums = _sums(others, freed)
    counted = (
        update(JediDatasets.__table__)
        .where(same_dataset(DATASET, sums.c))
        .values(nfilestobeused=sums.c.files)
        .cte("counted")
    )
    return select(func.count()).select_from(freed).add_cte(changed, counted)


def _files_in_order() -> tuple[CTE, CTE]:
    """Select the files of the first masters of tasks, and of their made-up secondary datasets."""
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
    return _numbered(primary, FILE.lfn, "first"), _numbered(secondary, FILE.fileid, "others")


def _sums(files: CTE, freed: CTE) -> CTE:
    """Count the files of each dataset that are not being staged, now that some are freed."""
    is_freed = files.c.fileid.in_(select(freed.c.fileid))
    keys = [files.c[name] for name in KEY[:2]]
    staged = func.count().filter((files.c.status != "staging") | is_freed).label("files")
    return select(*keys, staged).group_by(*keys).cte("sums")


def _numbered(datasets: CTE, order: ColumnElement[Any], name: str) -> CTE:
    """Return the files of datasets with their numbers in an order."""
    number = func.row_number().over(partition_by=(FILE.jeditaskid, FILE.datasetid), order_by=order)
    return (
        select(FILE.jeditaskid, FILE.datasetid, FILE.fileid, FILE.status, number.label("number"))
        .join_from(
            datasets,
            FILE.fileid.table,
            same_dataset(FILE, datasets.c),
        )
        .cte(name)
    )
