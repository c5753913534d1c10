"""Tasks that wait in T_TASK are taken over: JEDI_TASKS and JEDI_TASKPARAMS (semantics 3.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, cast, func, insert, literal, literal_column, select, update

from pandadb.core.sql.expressions import constant, constants, now
from pandadb.core.sql.id_arrays import is_among, is_one_of
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediTaskParams, JediTasks, TTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CTE, ColumnElement

    from pandadb.core.sql.transaction import Transaction

TASK, DEFT, PARAMS = JediTasks.__table__.c, TTask.__table__.c, JediTaskParams.__table__.c
WAITING_STATE, REGISTERED_STATE = "waiting", "registered"
REFINABLE = ("registered", "staged", "rerefine")
"""States of tasks that are to be refined."""
PATIENCE = timedelta(minutes=10)
"""A task that has not been refined for so long is taken again."""
USER_TO_BE_SET = "tobeset"
"""The user of a task until it is refined; its name is a random one."""
ANY = (None, "any")


def take(
    session: Transaction,
    vo: str | None = None,
    label: str | None = None,
    *,
    tasks: Sequence[int] | None = None,
) -> list[int]:
    """Take over tasks that wait, of a VO and a label (None or `any`: all); return their numbers.

    They come by time of submission, and after them tasks that were to be refined ten minutes ago
    and still are. `tasks` restricts it to those. Tasks that another transaction has locked are
    left out, and so are those without parameters, or with a number that JEDI has already.
    """
    waiting, late = _waiting(vo, label, tasks), _late(vo, label, tasks)
    moved = [_registered(waiting), _parameters(waiting), _mirrored(waiting), _touched(late)]
    chosen = select(
        waiting.c.taskid, literal_column("0").label("part"), waiting.c.submit_time
    ).union_all(select(late.c.jeditaskid, literal_column("1"), late.c.modificationtime))
    every = chosen.subquery("every")
    order = (every.c.part, every.c.submit_time, every.c.taskid)
    found = select(every.c.taskid).order_by(*order).add_cte(*moved)
    return [*connection_of(session).scalars(found)]


def _waiting(vo: str | None, label: str | None, tasks: Sequence[int] | None) -> CTE:
    known = select(TASK.jeditaskid).where(TASK.jeditaskid == DEFT.taskid).exists()
    return (
        select(TTask.__table__)
        .where(
            DEFT.status == constant(WAITING_STATE),
            DEFT.jedi_task_parameters.is_not(None),
            ~known,
            *_conditions(DEFT, DEFT.taskid, vo, label, tasks),
        )
        .order_by(DEFT.submit_time, DEFT.taskid)
        .with_for_update(skip_locked=True)
        .cte("waiting")
        .prefix_with("MATERIALIZED")
    )


def _late(vo: str | None, label: str | None, tasks: Sequence[int] | None) -> CTE:
    return (
        select(TASK.jeditaskid, TASK.modificationtime)
        .where(
            TASK.status.in_(constants(REFINABLE)),
            TASK.modificationtime < now() - PATIENCE,
            *_conditions(TASK, TASK.jeditaskid, vo, label, tasks),
        )
        .order_by(TASK.jeditaskid)
        .with_for_update(skip_locked=True)
        .cte("late")
        .prefix_with("MATERIALIZED")
    )


def _conditions(
    row: Any,
    number: ColumnElement[int],
    vo: str | None,
    label: str | None,
    tasks: Sequence[int] | None,
) -> list[ColumnElement[bool]]:
    return [
        *([] if vo in ANY else [row.vo == vo]),
        *([] if label in ANY else [row.prodsourcelabel == label]),
        *([] if tasks is None else [is_among(number, tasks)]),
    ]


def _registered(waiting: CTE) -> CTE:
    row = {
        "jeditaskid": waiting.c.taskid,
        "taskname": cast(func.gen_random_uuid(), String),
        "status": constant(REGISTERED_STATE),
        "superstatus": constant(REGISTERED_STATE),
        "username": constant(USER_TO_BE_SET),
        "parent_tid": waiting.c.parent_tid,
        "vo": waiting.c.vo,
        "prodsourcelabel": waiting.c.prodsourcelabel,
        **dict.fromkeys(("creationdate", "modificationtime", "statechangetime"), now()),
    }
    rows = select(*row.values())
    return insert(JediTasks.__table__).from_select([*row], rows).cte("registered")


def _parameters(waiting: CTE) -> CTE:
    rows = select(waiting.c.taskid, waiting.c.jedi_task_parameters)
    return insert(JediTaskParams.__table__).from_select(
        ["jeditaskid", "taskparams"], rows
    ).cte("parameters")  # fmt: skip


def _mirrored(waiting: CTE) -> CTE:
    totals = dict.fromkeys(("total_done_jobs", "total_req_jobs", "total_events"), literal(0))
    return (
        update(TTask.__table__)
        .where(is_one_of(DEFT.taskid, select(waiting.c.taskid)))
        .values(status=constant(REGISTERED_STATE), timestamp=now(), **totals)
        .cte("mirrored")
    )


def _touched(late: CTE) -> CTE:
    """Set the time of late tasks, so that they are not taken again at once."""
    return (
        update(JediTasks.__table__)
        .where(is_one_of(TASK.jeditaskid, select(late.c.jeditaskid)))
        .values(modificationtime=now())
        .cte("touched")
    )
