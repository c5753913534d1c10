"""Tasks with their children: tasks that read the output of others (`parent_tid`)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, or_, select, update

from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_given, is_one_of
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.files import datasets
from pandadb.core.tasks.files.types import PROCESSED, PRODUCED
from pandadb.models import JediDatasets, JediTasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import CTE, Row, Select, Update

    from pandadb.core.sql.transaction import Transaction

TASK, DATASET = JediTasks.__table__.c, JediDatasets.__table__.c
GIVEN_UP = ("aborted", "toabort", "aborting", "broken", "tobroken", "failed")
"""States of children that a retry of their parent does not revive."""
WORKING = ("ready", "running", "scouting", "scouted")
"""States of children that go on as they are when their parent is retried."""


def lock(session: Transaction, tasks: Iterable[int], *, with_children: bool) -> dict[int, Row[Any]]:
    """Lock tasks, and their descendants, in the order of ids; return their rows by id."""
    chosen = _with_descendants() if with_children else _alone()
    rows = connection_of(session).execute(chosen, {"pandaids": [*tasks]})
    return {row.jeditaskid: row for row in rows}


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
    datasets.lock(session, chosen, PROCESSED)
    return {*connection_of(session).scalars(_changing(), {"pandaids": [*chosen]})}


@cache
def _alone() -> Select[Any]:
    return (
        select(*TASK).where(is_given(TASK.jeditaskid)).order_by(TASK.jeditaskid).with_for_update()
    )


@cache
def _with_descendants() -> Select[Any]:
    family = _family()
    chosen = is_one_of(TASK.jeditaskid, select(family.c.jeditaskid))
    return select(*TASK).where(chosen).order_by(TASK.jeditaskid).with_for_update()


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
