"""Children of tasks that have ended: to be aborted with them, or looked at at once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal_column, update

from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks import descendants
from pandadb.core.tasks.changes import outcomes
from pandadb.core.tasks.changes.outcomes import TaskOutcome
from pandadb.core.tasks.ending.final_states import UNSUCCESSFUL
from pandadb.core.tasks.states import CLOSED
from pandadb.models import JediDatasets, JediTasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Row, Update

    from pandadb.core.sql.transaction import Transaction

TASK, DATASET = JediTasks.__table__.c, JediDatasets.__table__.c
YESTERDAY: ColumnElement[Any] = func.date_trunc("day", now()) - literal_column("interval '1 day'")
"""The time that agents take for long ago: midnight, as the server sets it."""
RECENTLY: ColumnElement[Any] = literal_column("interval '5 minutes'")


def follow(
    session: Transaction, parents: Mapping[int, str], locked: Mapping[int, Row[Any]], *, host: str
) -> None:
    """Abort the children of tasks that were of no use, and theirs; wake those of the others.

    `parents` has the final states, `locked` their descendants as well. Children that no agent
    changes any more are left (semantics 3.2).
    """
    useless = {task: status for task, status in parents.items() if status in UNSUCCESSFUL}
    aborted = abort(session, useless, locked, host=host)
    useful = [task for task in parents if task not in useless]
    living = {
        task: row
        for task, row in descendants.children_of(useful, locked).items()
        if row.status not in CLOSED and task not in aborted
    }
    wake(session, living)


def abort(
    session: Transaction, parents: Mapping[int, str], locked: Mapping[int, Row[Any]], *, host: str
) -> set[int]:
    """Have the descendants of tasks aborted; return them. Below a closed child nothing changes."""
    found: dict[int, TaskOutcome] = {}
    states = dict(parents)
    while states:
        children = {
            task: row
            for task, row in descendants.children_of(states, locked).items()
            if row.status not in CLOSED and task not in found
        }
        found |= {
            task: TaskOutcome(
                "toabort",
                f"parent task is {states[row.parent_tid]}",
                row.oldstatus,
                ago=None,
            )
            for task, row in children.items()
        }
        states = dict.fromkeys(children, "toabort")
    outcomes.write(session, found, host=host)
    return {*found}


def wake(session: Transaction, children: Mapping[int, Row[Any]]) -> None:
    """Have agents look at children at once: at pending ones, and at input that may have grown."""
    pending = [task for task, row in children.items() if row.status == "pending"]
    others = [task for task, row in children.items() if row.status != "pending"]
    connection = connection_of(session)
    if pending:
        connection.execute(_waking(), {"pandaids": [*pending]})
    if others:
        connection.execute(_looking_up(), {"pandaids": [*others]})


@cache
def _waking() -> Update:
    return (
        update(JediTasks.__table__)
        .where(
            is_given(TASK.jeditaskid),
            TASK.status == "pending",
            TASK.modificationtime < now() - RECENTLY,
            TASK.lockedby.is_(None),
        )
        .values(modificationtime=YESTERDAY)
    )


@cache
def _looking_up() -> Update:
    return (
        update(JediDatasets.__table__)
        .where(
            is_given(DATASET.jeditaskid),
            DATASET.state == "mutable",
            DATASET.statechecktime < now() - RECENTLY,
        )
        .values(statechecktime=YESTERDAY)
    )
