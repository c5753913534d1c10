"""Tasks that a generator locks while it makes jobs of their input: job generation 1.

The lock is LOCKEDBY of the task, so that other agents leave it alone; tasks whose row another
transaction has locked are skipped, so that generators work side by side.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Interval, String, and_, bindparam, exists, func, or_, select, update

from pandadb.core.sql.expressions import constants, now
from pandadb.core.sql.id_arrays import is_given, is_one_of
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.states import GENERATING
from pandadb.models import JediTasks, Users

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Update

    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction

LEAST_REST = timedelta(minutes=10)
"""How long a task must not have been touched, so that no two agents work on it in turns."""
USER_LABELS = ("user",)
"""Labels of tasks whose user must be known."""
TASK, USER = JediTasks.__table__.c, Users.__table__.c


def lock(
    session: Transaction, tasks: Sequence[int], generator: str, rest: timedelta = LEAST_REST
) -> list[Row]:
    """Lock tasks that jobs can be generated for; return their columns, in the given order.

    Tasks that are locked, that were touched within the time `rest`, that are in another state or
    whose user is unknown are left out.
    """
    parameters = {"pandaids": [*tasks], "generator": generator, "rest": rest}
    found = connection_of(session).execute(_lock(), parameters).mappings()
    rows = {row["jeditaskid"]: dict(row) for row in found}
    return [rows[task] for task in dict.fromkeys(tasks) if task in rows]


def is_free() -> ColumnElement[bool]:
    """Return whether a generator may lock a task that was not touched for the time `rest`."""
    return and_(
        TASK.status.in_(constants(GENERATING)),
        TASK.lockedby.is_(None),
        TASK.modificationtime < now() - bindparam("rest", LEAST_REST, Interval),
        or_(
            func.coalesce(TASK.prodsourcelabel, "").not_in(constants(USER_LABELS)),
            exists().where(USER.name == TASK.username, func.coalesce(USER.dn, "") != ""),
        ),
    )


@cache
def _lock() -> Update:
    free = (
        select(TASK.jeditaskid)
        .where(is_given(TASK.jeditaskid), is_free())
        .order_by(TASK.jeditaskid)
        .with_for_update(of=JediTasks.__table__, skip_locked=True)
        .cte("free")
    )
    columns: list[Any] = [*TASK]
    return (
        update(JediTasks.__table__)
        .where(is_one_of(TASK.jeditaskid, select(free.c.jeditaskid)))
        .values(
            lockedby=bindparam("generator", type_=String),
            lockedtime=now(),
            modificationtime=now(),
        )
        .returning(*columns)
    )
