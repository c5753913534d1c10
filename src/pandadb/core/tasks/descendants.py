"""Tasks with their children: tasks that read the output of others (`parent_tid`)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, or_, select, update

from pandadb.core.datasets.dataset_types import PROCESSED, PRODUCED
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_given, is_one_of
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.files import dataset_rows
from pandadb.core.tasks.row_locks import refusing_to_wait
from pandadb.models import JediDatasets, JediTasks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import CTE, ColumnElement, Row, Select, Update

    from pandadb.core.sql.transaction import Transaction

TASK, DATASET = JediTasks.__table__.c, JediDatasets.__table__.c
GIVEN_UP = ("aborted", "toabort", "aborting", "broken", "tobroken", "failed")
"""States of children that a retry of their parent does not revive."""
WORKING = ("ready", "running", "scouting", "scouted")
"""States of children that go on as they are when their parent is retried."""


def lock(
    session: Transaction, tasks: Iterable[int], *, with_children: bool, skip: bool = False
) -> dict[int, Row[Any]]:
    """Lock tasks, and their descendants, in the order of ids; return their rows by id.

    With `skip` those that other transactions have locked are left out. That is for callers that
    have locked tasks before: they might wait for one with a smaller id, in a deadlock.

    Raises:
        TasksLocked: A task was locked for longer than the lock timeout.
    """
    chosen = _with_descendants(skip) if with_children else _alone(skip)
    with refusing_to_wait():
        rows = connection_of(session).execute(chosen, {"pandaids": [*tasks]}).all()
    return {row.jeditaskid: row for row in rows}


def incomplete(session: Transaction, tasks: Iterable[int], locked: Collection[int]) -> set[int]:
    """Return the tasks that have descendants that are not among the locked ones."""
    chosen = [*tasks]
    rows = connection_of(session).execute(_parents(), {"pandaids": chosen}) if chosen else ()
    parents = {row.jeditaskid: row.parent_tid for row in rows}
    found: set[int] = set()
    for task in parents.keys() - {*locked}:
        above: int | None = task
        while above is not None and above not in found:
            found.add(above)
            above = parents[above] if parents[above] in parents else None
    return found & {*chosen}


def children_of(parents: Iterable[int], locked: Mapping[int, Row[Any]]) -> dict[int, Row[Any]]:
    """Return those of the locked tasks that are children of others."""
    of = {*parents}
    return {
        task: row for task, row in locked.items() if row.parent_tid in of and row.parent_tid != task
    }


def have_input_change(session: Transaction, children: Iterable[int]) -> set[int]:
    """Mark the input that the parents of tasks make as `mutable`; return the tasks with such input.

    A dataset is found by its name, with or without a scope, among the names of the parent's output
    and log datasets and of their containers.
    """
    chosen = [*children]
    if not chosen:
        return set()
    dataset_rows.lock(session, chosen, PROCESSED)
    return {*connection_of(session).scalars(_changing(), {"pandaids": [*chosen]})}


@cache
def _alone(skip: bool) -> Select[Any]:
    rows = select(*TASK).where(is_given(TASK.jeditaskid)).order_by(TASK.jeditaskid)
    return rows.with_for_update(skip_locked=skip)


@cache
def _with_descendants(skip: bool) -> Select[Any]:
    rows = select(*TASK).where(_is_of_family()).order_by(TASK.jeditaskid)
    return rows.with_for_update(skip_locked=skip)


@cache
def _parents() -> Select[Any]:
    return select(TASK.jeditaskid, TASK.parent_tid).where(_is_of_family())


def _is_of_family() -> ColumnElement[bool]:
    family = _family()
    return is_one_of(TASK.jeditaskid, select(family.c.jeditaskid))


def _family() -> CTE:
    """Select tasks and their descendants; a task may be its own parent."""
    family = select(TASK.jeditaskid).where(is_given(TASK.jeditaskid)).cte("family", recursive=True)
    children = select(TASK.jeditaskid).where(
        TASK.parent_tid == family.c.jeditaskid, TASK.jeditaskid != TASK.parent_tid
    )
    return family.union(children)


@cache
def _changing() -> Update:
    made = JediDatasets.__table__.alias("made")
    bare = func.regexp_replace(DATASET.datasetname, "^.*:", "")
    names = (DATASET.datasetname, bare)
    by_parent = exists().where(
        made.c.jeditaskid == TASK.parent_tid,
        made.c.type.in_(PRODUCED),
        or_(made.c.datasetname.in_(names), made.c.containername.in_(names)),
    )
    return (
        update(JediDatasets.__table__)
        .where(
            is_given(DATASET.jeditaskid),
            TASK.jeditaskid == DATASET.jeditaskid,
            DATASET.type.in_(PROCESSED),
            by_parent,
        )
        .values(state="mutable", statechecktime=now())
        .returning(DATASET.jeditaskid)
    )
