"""Recount of datasets: counters that are not what their files give, listed and repaired."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import case, func, or_, select, true, update

from pandadb.core.datasets import counters
from pandadb.core.datasets.counters import COUNTERS, NAMES
from pandadb.core.sql.id_arrays import array
from pandadb.core.sql.transaction import Lock
from pandadb.models import JediDatasetContents, JediDatasets, JediTasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

TASK, DATASET, FILE = (m.__table__.c for m in (JediTasks, JediDatasets, JediDatasetContents))
KEY = ("jeditaskid", "datasetid")
TYPES = tuple(dict.fromkeys(kind for one in COUNTERS for kind in one.types))
"""Types of datasets that have counters with a definition."""


class Miscount(NamedTuple):
    """A counter of a dataset that was wrong."""

    task: int
    datasetid: int
    counter: str
    was: int | None
    right: int


def lock(session: Transaction, tasks: Sequence[int] | None, how: Lock = Lock.WAIT) -> None:
    """Lock tasks, or all, then their datasets, by id: files are counted as they are afterwards."""
    nowait, skip = how is Lock.NOWAIT, how is Lock.SKIP
    for columns in ((TASK.jeditaskid,), (DATASET.jeditaskid, DATASET.datasetid)):
        rows = select(*columns).order_by(*columns)
        rows = rows.with_for_update(key_share=True, nowait=nowait, skip_locked=skip)
        chosen = rows if tasks is None else rows.where(columns[0] == func.any(array("tasks")))
        session.execute(select(func.count()).select_from(chosen.subquery()), {"tasks": tasks})


def recount(
    session: Transaction, tasks: Sequence[int] | None = None, *, repair: bool = True
) -> list[Miscount]:
    """Return the wrong counters of the datasets of tasks, or of all, and repair them.

    One statement reads the files once. Without `lock` before it files may change meanwhile.
    """
    statement = _recount(every=tasks is None, repair=repair)
    given = {} if tasks is None else {"tasks": [*tasks]}
    return [*_listed(session.execute(statement, given))]


def _listed(rows: Iterable[Any]) -> Iterable[Miscount]:
    for row in rows:
        found = row._mapping
        for name in NAMES:
            was, right = found[f"was_{name}"], int(found[f"right_{name}"])
            if (was or 0) != right:
                yield Miscount(row.jeditaskid, row.datasetid, name, was, right)


@cache
def _recount(*, every: bool, repair: bool) -> Select[Any]:
    wrong = _wrong(every=every)
    statement = select(wrong).order_by(*(wrong.c[name] for name in KEY))
    return statement.add_cte(_repaired(wrong)) if repair else statement


def _wrong(*, every: bool) -> CTE:
    """Select the datasets of which a counter is wrong, with all counters as they were and are."""
    counted = _counted(every=every)
    same = [DATASET[name] == counted.c[name] for name in KEY]
    columns, differences = [], []
    for name in NAMES:
        right = _right(name, counted.c)
        columns += [DATASET[name].label(f"was_{name}"), right.label(f"right_{name}")]
        differences.append(func.coalesce(DATASET[name], 0) != right)
    rows = (
        select(*(DATASET[name] for name in KEY), *columns)
        .outerjoin(counted, same[0] & same[1])
        .where(DATASET.type.in_(TYPES), _chosen(DATASET.jeditaskid, every=every))
        .where(or_(*differences))
    )
    return rows.cte("wrong").prefix_with("MATERIALIZED")


def _right(name: str, counted: Columns) -> ColumnElement[int]:
    """Return the right value of a counter: the old one, if it is in the range of its definition."""
    old = func.coalesce(DATASET[name], 0)
    found = []
    for one in (one for one in COUNTERS if one.counter == name):
        least, most = (
            func.coalesce(counted[_label(name, one.types, end)], 0) for end in ("least", "most")
        )
        right = most if one.least is one.most else func.least(func.greatest(old, least), most)
        found.append((DATASET.type.in_(one.types), right))
    return case(*found, else_=old)


def _label(name: str, types: Sequence[str], end: str) -> str:
    return f"{name}_{types[0]}_{end}"


def _counted(*, every: bool) -> CTE:
    """Select the numbers of all definitions for each dataset, from its classes of files."""
    classes = _classes(every=every)
    columns = {
        _label(one.counter, one.types, end): getattr(one, end).of(classes.c)
        for one in COUNTERS
        for end in ("least", "most")
    }
    return (
        select(*(classes.c[name] for name in KEY), *(v.label(k) for k, v in columns.items()))
        .group_by(*(classes.c[name] for name in KEY))
        .cte("counted")
    )


def _classes(*, every: bool) -> CTE:
    """Select the classes of files of each dataset; only this reads the files."""
    by = counters.classes_of(FILE)
    key = [FILE[name] for name in KEY]
    return (
        select(
            *key,
            *(value.label(name) for name, value in by.items()),
            func.count().label("number"),
            func.sum(counters.events_of(FILE)).label("events"),
        )
        .where(_chosen(FILE.jeditaskid, every=every))
        .group_by(*key, *by.values())
        .cte("classes")
    )


def _chosen(task: ColumnElement[int], *, every: bool) -> ColumnElement[bool]:
    return true() if every else task == func.any(array("tasks"))


def _repaired(wrong: CTE) -> CTE:
    return (
        update(JediDatasets.__table__)
        .where(*(DATASET[name] == wrong.c[name] for name in KEY))
        .values({name: wrong.c[f"right_{name}"] for name in NAMES})
        .cte("repaired")
    )
