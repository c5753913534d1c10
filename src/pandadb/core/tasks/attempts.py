"""Attempts of tasks, TASK_ATTEMPTS: each from its first state to its last (semantics 3.4)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediTasks, TaskAttempts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select, Update

    from pandadb.core.sql.transaction import Transaction

TASK, ATTEMPT = JediTasks.__table__.c, TaskAttempts.__table__.c
STATUS_LENGTH = 32
"""Characters of a state in TASK_ATTEMPTS."""


def lock(session: Transaction, tasks: Sequence[int]) -> list[int]:
    """Lock tasks in the order of their ids; return those that exist."""
    locked = select(TASK.jeditaskid).where(is_given(TASK.jeditaskid)).order_by(TASK.jeditaskid)
    given = {"pandaids": [*tasks]}
    return [*connection_of(session).scalars(locked.with_for_update(), given)]


def start(session: Transaction, tasks: Sequence[int]) -> None:
    """Begin a new attempt of tasks, which are locked; an attempt still open ends.

    The number follows the last one, and is at least the task's `attemptnr`. That may be NULL: the
    column has no default, and then counts as 0.
    """
    if tasks:
        connection_of(session).execute(_beginning(), {"pandaids": [*tasks]})


def end(session: Transaction, tasks: Sequence[int]) -> None:
    """End the open attempts of tasks, with the state that the task is in now."""
    if tasks:
        connection_of(session).execute(_ending(), {"pandaids": [*tasks]})


@cache
def _ending() -> Update:
    return (
        update(TaskAttempts.__table__)
        .where(
            is_given(ATTEMPT.jeditaskid),
            ATTEMPT.endtime.is_(None),
            TASK.jeditaskid == ATTEMPT.jeditaskid,
        )
        .values(endtime=now(), endstatus=func.left(TASK.status, STATUS_LENGTH))
    )


@cache
def _beginning() -> Select[Any]:
    last = (
        select(ATTEMPT.jeditaskid, func.max(ATTEMPT.attemptnr).label("attemptnr"))
        .where(is_given(ATTEMPT.jeditaskid))
        .group_by(ATTEMPT.jeditaskid)
        .cte("last")
    )
    number = func.greatest(func.coalesce(last.c.attemptnr + 1, 0), func.coalesce(TASK.attemptnr, 0))
    row = {
        "jeditaskid": TASK.jeditaskid,
        "attemptnr": number,
        "starttime": now(),
        "startstatus": func.left(TASK.status, STATUS_LENGTH),
    }
    rows = (
        select(*row.values())
        .outerjoin_from(JediTasks.__table__, last, last.c.jeditaskid == TASK.jeditaskid)
        .where(is_given(TASK.jeditaskid))
    )
    begun = insert(TaskAttempts.__table__).from_select([*row], rows).returning(ATTEMPT.jeditaskid)
    closed = _ending().cte("closed")
    return select(func.count()).select_from(begun.cte("begun")).add_cte(closed)
