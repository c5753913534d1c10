"""Tasks that a generator locks while it makes jobs of their input: job generation 1.

The lock is LOCKEDBY of the task, so that other agents leave it alone; tasks whose row another
transaction has locked are skipped, so that generators work side by side.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Interval, String, and_, bindparam, exists, func, or_, select, update

from pandadb.core.generation.dataset_attributes import PROCESS_TYPES
from pandadb.core.sql.expressions import constants, now
from pandadb.core.sql.id_arrays import is_given, is_one_of
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.states import GENERATING
from pandadb.models import JediDatasets, JediTasks, Users

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Update

    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

LEAST_REST = timedelta(minutes=10)
"""How long a task must not have been touched, so that no two agents work on it in turns."""
USER_LABELS = ("user",)
"""Labels of tasks whose user must be known."""
READY_STATES = ("ready", "done")
"""States of masters that jobs are generated for."""
SETTLED_STATES = (*READY_STATES, "defined", "registered", "failed", "finished", "removed")
"""A task with a dataset in another state waits for it."""
TASK, USER = JediTasks.__table__.c, Users.__table__.c


def lock(
    session: Transaction, tasks: Sequence[int], generator: str, rest: timedelta = LEAST_REST
) -> list[Row]:
    """Lock tasks that jobs can be generated for; return their columns, in the given order.

    Tasks that are locked, that were touched within the time `rest`, that are in another state or
    whose user is unknown are left out, and those without input for jobs.
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


def has_work(dataset: Columns) -> ColumnElement[bool]:
    """Return whether a dataset is a master with files for jobs, by its state and its counters."""
    return and_(
        dataset["masterid"].is_(None),
        dataset["type"].in_(constants(PROCESS_TYPES)),
        dataset["status"].in_(constants(READY_STATES)),
        dataset["nfilestobeused"] > func.coalesce(dataset["nfilesused"], 0),
    )


def is_waiting() -> ColumnElement[bool]:
    """Return whether a dataset of a task is not settled yet, so that the task has to wait."""
    other = JediDatasets.__table__.alias("other").c
    return exists().where(
        other.jeditaskid == TASK.jeditaskid,
        other.type.in_(constants(PROCESS_TYPES)),
        other.status.not_in(constants(SETTLED_STATES)),
    )


@cache
def _lock() -> Update:
    master = JediDatasets.__table__.alias("master").c
    is_master = exists().where(master.jeditaskid == TASK.jeditaskid, has_work(master))
    free = (
        select(TASK.jeditaskid)
        .where(is_given(TASK.jeditaskid), is_free(), is_master, ~is_waiting())
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
