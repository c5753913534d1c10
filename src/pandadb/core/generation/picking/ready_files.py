"""Files of datasets that are ready for jobs, taken in their order: job generation 1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    and_,
    func,
    or_,
    select,
    true,
    update,
)

from pandadb.core.datasets.file_keys import KEY
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
COLUMNS = tuple(FILE.keys())


@dataclass(frozen=True)
class Wanted:
    """Files of a dataset that are wanted for jobs."""

    dataset: Row
    number: int
    ramcount: int | None = None
    """MB: files of just this; None for all."""
    by_lumiblock: bool = False
    """Whether they come by luminosity block and name, not by FILEID."""
    by_memory: bool = False
    """Whether those of the lowest RAMCOUNT come first, if not all are taken."""
    is_tracked: bool = True
    """Whether they become `picked`."""


def take(session: Transaction, wanted: Sequence[Wanted]) -> list[list[Row]]:
    """Take files that are ready, as many as there are; return those of each wish in their order.

    Files that are tracked become `picked`. Two wishes must not ask for the same files, unless these
    are not tracked.
    """
    files: list[list[Row]] = [[] for _ in wanted]
    for by_lumiblock in (False, True):
        places = [n for n, one in enumerate(wanted) if one.by_lumiblock is by_lumiblock]
        _read(session, wanted, places, files, by_memory=False)
        mixed = [n for n in places if wanted[n].by_memory and _is_cut(wanted[n], files[n])]
        _read(session, wanted, mixed, files, by_memory=True)
    tracked = [n for n, one in enumerate(wanted) if one.is_tracked]
    for n, picked in zip(tracked, pick(session, [files[n] for n in tracked]), strict=True):
        files[n] = picked
    return files


def _read(
    session: Transaction,
    wanted: Sequence[Wanted],
    places: Sequence[int],
    files: list[list[Row]],
    *,
    by_memory: bool,
) -> None:
    """Read the files that are ready for wishes, all of one order, into their places."""
    if not places:
        return
    statement = _ready(wanted[places[0]].by_lumiblock, by_memory)
    found: dict[int, list[Row]] = {place: [] for place in places}
    rows = connection_of(session).execute(statement, arrays(wanted, places)).all()
    for place, *columns, _ in sorted(rows, key=_position):
        found[place].append(dict(zip(COLUMNS, columns, strict=True)))
    for place, its_files in found.items():
        files[place] = its_files


def _position(row: Sequence[Any]) -> int:
    return int(row[-1])


def _is_cut(wanted: Wanted, files: Sequence[Row]) -> bool:
    """Return whether there may be files of less memory beyond those that were read."""
    return len(files) == wanted.number and any(one["ramcount"] for one in files)


def arrays(wanted: Sequence[Wanted], places: Iterable[int] | None = None) -> dict[str, Any]:
    """Return the parameters of a statement about wanted files, of all of them or of some."""
    chosen = [(n, wanted[n]) for n in (range(len(wanted)) if places is None else places)]
    return {
        "places": [place for place, _ in chosen],
        "tasks": [one.dataset["jeditaskid"] for _, one in chosen],
        "datasets": [one.dataset["datasetid"] for _, one in chosen],
        "numbers": [one.number for _, one in chosen],
        "ramcounts": [one.ramcount for _, one in chosen],
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
def _ready(by_lumiblock: bool, by_memory: bool) -> Select[Any]:
    wanted = wishes()
    memory = (func.coalesce(FILE.ramcount, 0),) if by_memory else ()
    name = (FILE.lumiblocknr, FILE.lfn) if by_lumiblock else ()
    order = (*memory, *name, FILE.fileid)
    ready = (
        select(*FILE, func.row_number().over(order_by=order).label("position"))
        .where(is_of(wanted), is_ready(FILE), is_of_memory(wanted))
        .order_by(*order)
        .limit(wanted.c.number)
        .lateral("ready")
    )
    return select(wanted.c.place, *ready.c).select_from(wanted).join(ready, true())


def pick(session: Transaction, groups: Sequence[Sequence[Row]]) -> list[list[Row]]:
    """Pick files; return those of each group that were still ready, in their order."""
    chosen = [file for files in groups for file in files]
    given = {
        "tasks": [one["jeditaskid"] for one in chosen],
        "datasets": [one["datasetid"] for one in chosen],
        "files": [one["fileid"] for one in chosen],
    }
    rows = connection_of(session).execute(_pick(), given).all() if chosen else ()
    picked = {tuple(row) for row in rows}
    return [
        [{**one, "status": "picked"} for one in files if tuple(one[n] for n in KEY) in picked]
        for files in groups
    ]


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
        .returning(*(FILE[name] for name in KEY))
    )
