"""Sequence numbers, a file each of the dataset `seq_number`, added where there are too few.

Job generation 1. They follow the number that was added last.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    String,
    case,
    cast,
    column,
    func,
    insert,
    literal_column,
    select,
    true,
    update,
)

from pandadb.core.generation.picking.ready_files import FILE, is_of
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant, now
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediDatasetContents, JediDatasets
from pandadb.models.datasets import JEDI_DATASET_CONT_FILEID_SEQ

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Select, Subquery, TableValuedAlias

    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction

DATASET = JediDatasets.__table__.c
NUMBER = "^[0-9]{1,18}$"


def add_numbers(session: Transaction, numbers: Mapping[tuple[int, int], int]) -> list[Row]:
    """Add so many numbers to datasets, given by (task, dataset); return them in their order.

    Unlike the server's they are kept track of (`keeptrack`), so that none is given to two jobs.
    """
    given = {key: number for key, number in numbers.items() if number > 0}
    if not given:
        return []
    parameters = {
        "tasks": [task for task, _ in given],
        "datasets": [dataset for _, dataset in given],
        "numbers": [*given.values()],
    }
    found = connection_of(session).execute(_add(), parameters).mappings()
    return sorted((dict(row) for row in found), key=lambda row: int(row["fileid"]))


@cache
def _add() -> Select[Any]:
    new = _new()
    names = [one.name for one in new.c]
    fileid = JEDI_DATASET_CONT_FILEID_SEQ.next_value()
    added = (
        insert(JediDatasetContents.__table__)
        .from_select(
            ["fileid", *names], select(fileid, *new.c).select_from(new), include_defaults=False
        )
        .returning(*FILE)
        .cte("added")
    )
    numbers = (
        select(added.c.jeditaskid, added.c.datasetid, func.count().label("number"))
        .group_by(added.c.jeditaskid, added.c.datasetid)
        .cte("numbers")
    )
    counted = (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == numbers.c.jeditaskid, DATASET.datasetid == numbers.c.datasetid)
        .values(
            nfiles=DATASET.nfiles + numbers.c.number,
            nfilestobeused=DATASET.nfilestobeused + numbers.c.number,
        )
        .cte("counted")
    )
    return select(*added.c).add_cte(counted)


def _new() -> Subquery:
    """Select the columns of the new numbers, in their order."""
    given = id_arrays.unnested(
        "given",
        jeditaskid=id_arrays.array("tasks"),
        datasetid=id_arrays.array("datasets"),
        number=id_arrays.array("numbers"),
    )
    last = _last(given)
    step = (
        func.generate_series(literal_column("1"), given.c.number)
        .table_valued(column("step", BigInteger), name="step")
        .render_derived()
    )
    base = case((last.c.lfn.regexp_match(NUMBER), cast(last.c.lfn, BigInteger)), else_=0)
    zero: ColumnElement[int] = literal_column("0")
    columns = {
        "jeditaskid": given.c.jeditaskid,
        "datasetid": given.c.datasetid,
        "creationdate": now(),
        "lfn": cast(base + step.c.step, String),
        "guid": cast(func.gen_random_uuid(), String),
        "type": DATASET.type,
        "status": constant("ready"),
        "proc_status": constant("ready"),
        "fsize": zero,
        "attemptnr": zero,
        "failedattempt": zero,
        "ramcount": zero,
        "maxattempt": last.c.maxattempt,
        "maxfailure": last.c.maxfailure,
        "keeptrack": literal_column("1"),
    }
    return (
        select(*(value.label(name) for name, value in columns.items()))
        .select_from(given)
        .join(
            JediDatasets.__table__,
            (DATASET.jeditaskid == given.c.jeditaskid) & (DATASET.datasetid == given.c.datasetid),
        )
        .outerjoin(last, true())
        .join(step, true())
        .order_by(given.c.datasetid, step.c.step)
        .subquery("new")
    )


def _last(given: TableValuedAlias) -> Any:
    """Select the number of a dataset that was added last."""
    return (
        select(FILE.lfn, FILE.maxattempt, FILE.maxfailure)
        .where(is_of(given))
        .order_by(FILE.fileid.desc())
        .limit(1)
        .lateral("last")
    )
