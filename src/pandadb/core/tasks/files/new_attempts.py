"""New attempts for the files of datasets: those that have none left, and those that were cut off.

The rules of semantics 3.6, in one statement for all datasets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    update,
)

from pandadb.core.datasets.file_keys import KEY, same_file
from pandadb.core.sql.id_arrays import array, unnested
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediDatasetContents

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import CTE, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

    Dataset = tuple[int, int]
    """`jeditaskid` and `datasetid`."""

FILE = JediDatasetContents.__table__.c
LIMITS = ("attemptnr", "maxattempt", "failedattempt", "maxfailure")
MORE_ATTEMPTS = 5
"""Attempts that a retry adds to those of a file."""


@dataclass(frozen=True)
class FileCounts:
    """Files of a dataset, by their treatment in a retry."""

    spent: int = 0
    """Ready files without attempts left; they have new ones now."""
    unprocessed: int = 0
    """Ready files that had attempts left."""
    cut_off: int = 0
    """Picked or running files; they are ready now."""
    lost: int = 0
    """Lost or missing files; they are ready now."""
    still_spent: int = 0
    """Ready files that have no attempts left even so."""


def is_spent(file: Columns) -> ColumnElement[bool]:
    """Return whether a file has no attempts left, by either of its limits (semantics 4.2)."""
    return or_(
        and_(file["maxattempt"].is_not(None), file["maxattempt"] <= file["attemptnr"]),
        and_(file["maxfailure"].is_not(None), file["maxfailure"] <= file["failedattempt"]),
    )


def give(
    session: Transaction, datasets: Iterable[tuple[Dataset, bool]], *, incexec: bool
) -> dict[Dataset, FileCounts]:
    """Give the files of datasets new attempts; return the counts of each dataset that has any.

    Each dataset comes with whether its running files are cut off, too; they are not where jobs of
    the task still run. With `incexec` lost and missing files are ready again, and ready ones forget
    the memory that they asked for.
    """
    chosen = sorted(datasets)
    if not chosen:
        return {}
    parameters = {
        "tasks": [task for (task, _), _ in chosen],
        "datasets": [dataset for (_, dataset), _ in chosen],
        "cut_off": [cuts for _, cuts in chosen],
        "incexec": incexec,
    }
    rows = connection_of(session).execute(_statement(), parameters)
    return {(row.jeditaskid, row.datasetid): FileCounts(*row[2:]) for row in rows}


@cache
def _statement() -> Select[Any]:
    """Return the statement: files by their kind, their changes, counts by dataset."""
    incexec = bindparam("incexec", type_=Boolean)
    files = _files(incexec)
    new = _new_limits(files.c)
    ready = files.c.kind.in_(("spent", "cut off", "lost"))
    forgets = and_(incexec, files.c.kind != "lost")
    remembers = FILE.ramcount.is_distinct_from(0)
    changed = (
        update(JediDatasetContents.__table__)
        .where(same_file(FILE, files.c), or_(ready, and_(forgets, remembers)))
        .values(
            status="ready",
            proc_status=case((ready, "ready"), else_=FILE.proc_status),
            ramcount=case((forgets, 0), else_=FILE.ramcount),
            **{name: new[name] for name in ("attemptnr", "maxattempt", "maxfailure")},
        )
        .cte("changed")
    )
    kinds = ("spent", "unprocessed", "cut off", "lost")
    still = is_spent({**dict(files.c.items()), **new})  # type: ignore[arg-type]  # names suffice
    counts = [func.count().filter(files.c.kind == name) for name in kinds]
    keys = [files.c[name] for name in KEY[:2]]
    return select(*keys, *counts, func.count().filter(still)).group_by(*keys).add_cte(changed)


def _files(incexec: ColumnElement[bool]) -> CTE:
    """Select and lock the files that a retry has to do with, each with its kind."""
    given = unnested(
        "given",
        jeditaskid=array("tasks"),
        datasetid=array("datasets"),
        cuts=bindparam("cut_off", type_=ARRAY(Boolean)),
    )
    tracked = FILE.maxattempt.is_not(None)
    kind = case(
        (and_(FILE.status == "ready", tracked, is_spent(FILE)), "spent"),
        (and_(FILE.status == "ready", tracked), "unprocessed"),
        (FILE.status == "ready", "untracked"),
        (and_(FILE.status == "picked", tracked), "cut off"),
        (and_(FILE.status == "running", tracked, given.c.cuts), "cut off"),
        (and_(FILE.status.in_(("lost", "missing")), tracked, incexec), "lost"),
    )
    in_dataset = and_(*(FILE[name] == given.c[name] for name in KEY[:2]))
    return (
        select(*(FILE[name] for name in (*KEY, *LIMITS)), kind.label("kind"))
        .join_from(given, FILE.fileid.table, in_dataset)
        .where(FILE.keeptrack == 1, kind.is_not(None))
        .order_by(*(FILE[name] for name in KEY))
        .with_for_update(of=JediDatasetContents.__table__)
        .cte("files")
    )


def _new_limits(file: Columns) -> dict[str, ColumnElement[Any]]:
    """Return the attempts and limits of a file after the retry."""
    more = literal(MORE_ATTEMPTS)
    cut = file["kind"].in_(("cut off", "lost"))
    return {
        "attemptnr": case((cut, file["attemptnr"] + 1), else_=file["attemptnr"]),
        "maxattempt": case(
            (cut | (file["kind"] == "spent"), file["maxattempt"] + more), else_=file["maxattempt"]
        ),
        "maxfailure": case(
            (file["kind"] == "spent", file["maxfailure"] + more), else_=file["maxfailure"]
        ),
    }
