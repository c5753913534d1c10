"""Files of secondary datasets, added once more as new records: job generation 1."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    and_,
    bindparam,
    case,
    column,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on

from pandadb.core.generation.picking.ready_files import FILE, is_of
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediDatasetContents, JediDatasets
from pandadb.models.datasets import JEDI_DATASET_CONT_FILEID_SEQ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Select, Subquery, Update

    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction

DATASET = JediDatasets.__table__.c
SAME_FILE = (FILE.jeditaskid, FILE.datasetid, FILE.lfn, FILE.startevent, FILE.endevent)
"""Columns that records of the same file, or of the same part of it, have in common."""
RESET: Mapping[str, ColumnElement[Any]] = {
    "status": constant("ready"), "pandaid": null(), "jobsetid": null(),
    "attemptnr": literal_column("0"), "failedattempt": literal_column("0"),
    "ramcount": literal_column("0"),
}  # fmt: skip
"""Columns of a file that is added again; all others are those of the first record of it."""


def distinct_files(session: Transaction, datasets: Sequence[Row]) -> list[Sequence[int]]:
    """Return the events of each distinct file that can be added again, of each dataset."""
    if not datasets:
        return []
    parameters = {
        "tasks": [one["jeditaskid"] for one in datasets],
        "datasets": [one["datasetid"] for one in datasets],
    }
    rows = connection_of(session).execute(_distinct(), parameters)
    found = {row.datasetid: row.events for row in rows}
    return [found.get(one["datasetid"], ()) for one in datasets]


def add(session: Transaction, rounds: Mapping[tuple[int, int], tuple[int, bool]]) -> None:
    """Add all distinct files of datasets again, and count them.

    Datasets are given by (task, dataset), with the number of times and whether the order is random.
    """
    given = {key: one for key, one in rounds.items() if one[0]}
    if given:
        parameters = {
            "places": [*range(len(given))],
            "tasks": [task for task, _ in given],
            "datasets": [dataset for _, dataset in given],
            "rounds": [number for number, _ in given.values()],
            "random": [is_random for _, is_random in given.values()],
        }
        connection_of(session).execute(_add(), parameters)


@cache
def _distinct() -> Select[Any]:
    given = id_arrays.unnested(
        "given", jeditaskid=id_arrays.array("tasks"), datasetid=id_arrays.array("datasets")
    )
    first = (
        select(
            FILE.datasetid, FILE.fileid, _events().label("events"), _has_attempts().label("fits")
        )
        .select_from(given)
        .join(JediDatasetContents.__table__, is_of(given))
        .ext(distinct_on(*SAME_FILE))
        .order_by(*SAME_FILE, FILE.fileid)
        .subquery("first")
    )
    events = func.array_agg(aggregate_order_by(first.c.events, first.c.fileid)).label("events")
    return select(first.c.datasetid, events).where(first.c.fits).group_by(first.c.datasetid)


def _events() -> ColumnElement[int]:
    """Return the events of a file: of its range, else all, else 1."""
    events = FILE.endevent - FILE.startevent + 1
    return func.greatest(func.coalesce(events, FILE.nevents, 1), 1)


def _has_attempts() -> ColumnElement[bool]:
    """Return whether a job may take a new record of the file."""
    return and_(
        or_(FILE.maxattempt.is_(None), FILE.maxattempt > 0),
        or_(FILE.maxfailure.is_(None), FILE.maxfailure > 0),
    )


@cache
def _add() -> Update:
    again = _again()
    names = [one.name for one in FILE]
    fileid = JEDI_DATASET_CONT_FILEID_SEQ.next_value()
    given = {one.name: one for one in again.c} | {"fileid": fileid, **RESET}
    columns = [given[name] for name in names]
    added = (
        insert(JediDatasetContents.__table__)
        .from_select(names, select(*columns).select_from(again), include_defaults=False)
        .returning(FILE.jeditaskid, FILE.datasetid)
        .cte("added")
    )
    numbers = (
        select(added.c.jeditaskid, added.c.datasetid, func.count().label("number"))
        .group_by(added.c.jeditaskid, added.c.datasetid)
        .cte("numbers")
    )
    return (
        update(JediDatasets.__table__)
        .where(DATASET.jeditaskid == numbers.c.jeditaskid, DATASET.datasetid == numbers.c.datasetid)
        .values(
            nfiles=DATASET.nfiles + numbers.c.number,
            nfilestobeused=DATASET.nfilestobeused + numbers.c.number,
        )
    )


def _again() -> Subquery:
    """Select the first records of all distinct files, once for each round, in their new order."""
    given = id_arrays.unnested(
        "given",
        place=id_arrays.array("places"),
        jeditaskid=id_arrays.array("tasks"),
        datasetid=id_arrays.array("datasets"),
        rounds=id_arrays.array("rounds"),
        is_random=bindparam("random", type_=ARRAY(Boolean)),
    )
    first = (
        select(*FILE, given.c.place, given.c.rounds, given.c.is_random)
        .select_from(given)
        .join(JediDatasetContents.__table__, is_of(given))
        .ext(distinct_on(*SAME_FILE))
        .order_by(*SAME_FILE, FILE.fileid)
        .subquery("first")
    )
    turn = (
        func.generate_series(literal_column("1"), first.c.rounds)
        .table_valued(column("round", BigInteger), name="turn")
        .render_derived()
    )
    shuffled = case((first.c.is_random, func.random()), else_=0)
    return (
        select(first)
        .join(turn, true())
        .order_by(first.c.place, turn.c.round, shuffled, first.c.fileid)
        .subquery("again")
    )
