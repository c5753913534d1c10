"""Files of datasets that are ready for jobs, taken in their order: job generation 1."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    update,
)

from pandadb.core.sql import id_arrays
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediDatasetContents

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Select, TableValuedAlias, Update

    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

FILE = JediDatasetContents.__table__.c
KEY = ("jeditaskid", "datasetid", "fileid")


@dataclass(frozen=True)
class Wanted:
    """Files of a dataset that are wanted for jobs."""

    dataset: Row
    number: int
    ramcount: int | None = None
    """MB: files of just this; None for all."""
    by_lumiblock: bool = False
    """Whether they come by luminosity block and name, not by FILEID."""
    is_tracked: bool = True
    """Whether they become `picked`."""


def take(session: Transaction, wanted: Sequence[Wanted]) -> list[list[Row]]:
    """Take files that are ready, as many as there are; return those of each wish in their order.

    Two wishes must not ask for the same files, unless these are not tracked.
    """
    taken: dict[int, list[tuple[int, Row]]] = defaultdict(list)
    for by_lumiblock in (False, True):
        places = [n for n, one in enumerate(wanted) if one.by_lumiblock is by_lumiblock]
        if not places:
            continue
        found = connection_of(session).execute(_take(by_lumiblock), arrays(wanted, places))
        for row in found.mappings():
            columns = dict(row)
            place, position = columns.pop("place"), columns.pop("position")
            if columns.pop("picked") is not None:
                columns["status"] = "picked"
            elif wanted[place].is_tracked:
                continue
            taken[place].append((position, columns))
    return [[row for _, row in sorted(taken[n], key=_position)] for n in range(len(wanted))]


def _position(found: tuple[int, Row]) -> int:
    return found[0]


def arrays(wanted: Sequence[Wanted], places: Iterable[int] | None = None) -> dict[str, Any]:
    """Return the parameters of a statement about wanted files, of all of them or of some."""
    chosen = [(n, wanted[n]) for n in (range(len(wanted)) if places is None else places)]
    return {
        "places": [place for place, _ in chosen],
        "tasks": [one.dataset["jeditaskid"] for _, one in chosen],
        "datasets": [one.dataset["datasetid"] for _, one in chosen],
        "numbers": [one.number for _, one in chosen],
        "ramcounts": [one.ramcount for _, one in chosen],
        "tracked": [one.is_tracked for _, one in chosen],
    }


def wishes() -> TableValuedAlias:
    """Return what is wanted, as a table of the arrays that are the parameters."""
    return id_arrays.unnested(
        "wanted",
        place=id_arrays.array("places"),
        jeditaskid=id_arrays.array("tasks"),
        datasetid=id_arrays.array("datasets"),
        number=id_arrays.array("numbers"),
        ramcount=id_arrays.array("ramcounts"),
        is_tracked=bindparam("tracked", type_=ARRAY(Boolean)),
    )


def is_of(wanted: TableValuedAlias) -> ColumnElement[bool]:
    """Return whether a file is of a wanted dataset."""
    return and_(FILE.jeditaskid == wanted.c.jeditaskid, FILE.datasetid == wanted.c.datasetid)


def is_ready(file: Columns) -> ColumnElement[bool]:
    """Return whether a job may take a file: it is ready and has an attempt left."""
    return and_(
        file["status"] == "ready",
        or_(file["maxattempt"].is_(None), file["attemptnr"] < file["maxattempt"]),
        or_(file["maxfailure"].is_(None), file["failedattempt"] < file["maxfailure"]),
    )


def is_of_memory(wanted: TableValuedAlias) -> ColumnElement[bool]:
    """Return whether a file has the RAMCOUNT that is wanted; 0 and NULL are one."""
    return or_(wanted.c.ramcount.is_(None), func.coalesce(FILE.ramcount, 0) == wanted.c.ramcount)


@cache
def _take(by_lumiblock: bool) -> Select[Any]:
    wanted = wishes()
    order = (FILE.lumiblocknr, FILE.lfn, FILE.fileid) if by_lumiblock else (FILE.fileid,)
    ready = (
        select(*FILE, func.row_number().over(order_by=order).label("position"))
        .where(is_of(wanted), is_ready(FILE), is_of_memory(wanted))
        .order_by(*order)
        .limit(wanted.c.number)
        .lateral("ready")
    )
    found = (
        select(wanted.c.place, wanted.c.is_tracked, *ready.c)
        .select_from(wanted)
        .join(ready, true())
        .cte("found")
    )
    picked = (
        update(JediDatasetContents.__table__)
        .where(
            *(FILE[name] == found.c[name] for name in KEY),
            found.c.is_tracked,
            FILE.status == "ready",
        )
        .values(status="picked")
        .returning(*(FILE[name] for name in KEY))
        .cte("picked")
    )
    columns = [one for one in found.c if one.name != "is_tracked"]
    matches = and_(*(picked.c[name] == found.c[name] for name in KEY))
    return select(*columns, picked.c.fileid.label("picked")).outerjoin_from(found, picked, matches)


def pick(session: Transaction, files: Iterable[Row]) -> list[Row]:
    """Pick these files; return those that were still ready, in the given order."""
    chosen = [*files]
    given = {
        "tasks": [one["jeditaskid"] for one in chosen],
        "datasets": [one["datasetid"] for one in chosen],
        "files": [one["fileid"] for one in chosen],
    }
    found = {*connection_of(session).scalars(_pick(), given)} if chosen else set[int]()
    return [{**one, "status": "picked"} for one in chosen if one["fileid"] in found]


@cache
def _pick() -> Update:
    given = id_arrays.unnested(
        "given",
        jeditaskid=id_arrays.array("tasks"),
        datasetid=id_arrays.array("datasets"),
        fileid=id_arrays.array("files"),
    )
    return (
        update(JediDatasetContents.__table__)
        .where(*(FILE[name] == given.c[name] for name in KEY), FILE.status == "ready")
        .values(status="picked")
        .returning(FILE.fileid)
    )
