"""Recount of datasets: counters that do not agree with the files, listed and repaired."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import BigInteger, case, cast, func, or_, select, true, update

from pandadb.core.datasets import counters
from pandadb.core.datasets.counters import COUNTERS, NAMES
from pandadb.core.sql.id_arrays import array, unnested
from pandadb.core.sql.transaction import Lock
from pandadb.models import JediDatasetContents, JediDatasets, JediTasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import CTE, ColumnElement, Select, Update

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


def recount(
    session: Transaction,
    tasks: Sequence[int] | None = None,
    *,
    repair: bool = True,
    lock: Lock = Lock.WAIT,
) -> list[Miscount]:
    """Return the wrong counters of the datasets of tasks, or of all, and repair them.

    One statement reads the files once, in parallel where PostgreSQL is set up for it, without a
    lock. Only tasks with a wrong counter are locked, and read again before they are repaired:
    a count during the end of a job is right by then. With SKIP tasks that are locked stay.
    """
    wrong = _find(session, tasks)
    if wrong and repair:
        locked = _lock(session, sorted({row.jeditaskid for row in wrong}), lock)
        wrong = _find(session, locked)
        _repair(session, wrong)
    return [*_listed(wrong)]


def _find(session: Transaction, tasks: Sequence[int] | None) -> Sequence[Any]:
    given = {} if tasks is None else {"tasks": [*tasks]}
    return session.execute(_wrong(every=tasks is None), given).all()


def _lock(session: Transaction, tasks: Sequence[int], how: Lock) -> list[int]:
    """Lock tasks, then their datasets, by id; return the tasks."""
    nowait, skip = how is Lock.NOWAIT, how is Lock.SKIP
    rows = select(TASK.jeditaskid).where(TASK.jeditaskid == func.any(array("tasks")))
    rows = rows.order_by(TASK.jeditaskid)
    rows = rows.with_for_update(key_share=True, nowait=nowait, skip_locked=skip)
    locked = [*session.scalars(rows, {"tasks": [*tasks]})]
    datasets = (
        select(DATASET.datasetid)
        .where(DATASET.jeditaskid == func.any(array("tasks")), DATASET.type.in_(TYPES))
        .order_by(DATASET.jeditaskid, DATASET.datasetid)
        .with_for_update(key_share=True, nowait=nowait)
    )
    session.execute(datasets, {"tasks": locked}).all()
    return locked


def _repair(session: Transaction, wrong: Sequence[Any]) -> None:
    rows = [row._asdict() for row in wrong]
    columns = (*KEY, *(f"right_{name}" for name in NAMES))
    if rows:
        session.execute(_set(), {f"{name}s": [row[name] for row in rows] for name in columns})


def _listed(rows: Iterable[Any]) -> Iterable[Miscount]:
    for row in rows:
        found = row._mapping
        for name in NAMES:
            was, right = found[f"was_{name}"], found[f"right_{name}"]
            if (was or 0) != right:
                yield Miscount(row.jeditaskid, row.datasetid, name, was, right)


@cache
def _wrong(*, every: bool) -> Select[Any]:
    """Select the datasets with a wrong counter, and all their counters, old and right.

    Of all tasks only datasets with files: those of old tasks may be gone.
    """
    counted = _counted(every=every)
    same = [DATASET[name] == counted.c[name] for name in KEY]
    columns, differences = [], []
    for name in NAMES:
        right = cast(_right(name, counted.c), BigInteger)
        columns += [DATASET[name].label(f"was_{name}"), right.label(f"right_{name}")]
        differences.append(func.coalesce(DATASET[name], 0) != right)
    return (
        select(*(DATASET[name] for name in KEY), *columns)
        .join(counted, same[0] & same[1], isouter=not every)
        .where(DATASET.type.in_(TYPES), _chosen(DATASET.jeditaskid, every=every))
        .where(or_(*differences))
        .order_by(*(DATASET[name] for name in KEY))
    )


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
    """Select the numbers of all definitions for each dataset, from the states of its files."""
    states = _states(every=every)
    columns = {
        _label(one.counter, one.types, end): getattr(one, end).of(states.c)
        for one in COUNTERS
        for end in ("least", "most")
    }
    return (
        select(*(states.c[name] for name in KEY), *(v.label(k) for k, v in columns.items()))
        .group_by(*(states.c[name] for name in KEY))
        .cte("counted")
    )


def _states(*, every: bool) -> CTE:
    """Measure the files of each dataset by their state; only this reads them."""
    key = (*(FILE[name] for name in KEY), FILE.status)
    measures = counters.measures_of(FILE)
    return (
        select(*key, *(value.label(name) for name, value in measures.items()))
        .where(_chosen(FILE.jeditaskid, every=every))
        .group_by(*key)
        .cte("states")
    )


def _chosen(task: ColumnElement[int], *, every: bool) -> ColumnElement[bool]:
    return true() if every else task == func.any(array("tasks"))


@cache
def _set() -> Update:
    names = (*KEY, *(f"right_{name}" for name in NAMES))
    right = unnested("right", **{name: array(f"{name}s") for name in names})
    return (
        update(JediDatasets.__table__)
        .where(*(DATASET[name] == right.c[name] for name in KEY))
        .values({name: right.c[f"right_{name}"] for name in NAMES})
    )
