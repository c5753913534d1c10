"""Recount of TASK_METRICS: periods of tasks that ended without an end of them (semantics 3.4).

The periods that a task has waited with input, or was active, are known while they last only:
`queuedtime` and `activatedtime` of JEDI_TASKS. So ended ones are taken as they are, and those of
tasks that are `done`, `finished`, `failed` or `broken` and still open are wrong: they have ended
with the state of the task.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, true

from pandadb.core.sql.expressions import constants
from pandadb.core.sql.id_arrays import array
from pandadb.core.sql.transaction import Lock
from pandadb.core.tasks import activity_periods
from pandadb.core.tasks.recounting.wrong_values import WrongValue
from pandadb.core.tasks.row_locks import lock_tasks
from pandadb.models import JediTasks, TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row, Select

    from pandadb.core.sql.transaction import Transaction

TASK, METRICS = JediTasks.__table__.c, TaskMetrics.__table__.c
ENDED = ("done", "finished", "failed", "broken")
"""States of tasks without periods that last."""
BROKEN = "The metrics of the task are no JSON object"
PERIODS = {"queuedtime": "queuingPeriods", "activatedtime": "activePeriod"}


def recount(
    session: Transaction,
    tasks: Sequence[int] | None = None,
    *,
    repair: bool = True,
    lock: Lock = Lock.WAIT,
) -> list[WrongValue]:
    """Return the open periods of tasks that have ended, and end them.

    Raises:
        TasksLocked: With NOWAIT, or after the lock timeout: a task is locked.
    """
    rows = _find(session, tasks)
    if repair and rows:
        rows = _find(session, [*lock_tasks(session, [row.jeditaskid for row in rows], lock)])
        sound = [row.jeditaskid for row in rows if _is_sound(row.data)]
        activity_periods.settle(session, sound, since_change=True)
    return [one for row in rows for one in _listed(row)]


def _find(session: Transaction, tasks: Sequence[int] | None) -> Sequence[Row[Any]]:
    given = {} if tasks is None else {"tasks": [*tasks]}
    return session.execute(_open(every=tasks is None), given).all()


@cache
def _open(*, every: bool) -> Select[Any]:
    chosen = true() if every else TASK.jeditaskid == func.any(array("tasks"))
    lasts = or_(*(TASK[name].is_not(None) for name in PERIODS))
    return (
        select(TASK.jeditaskid, *(TASK[name] for name in PERIODS), TASK.status, METRICS.data)
        .outerjoin(METRICS.data.table, METRICS.jeditaskid == TASK.jeditaskid)
        .where(chosen, TASK.status.in_(constants(ENDED)), lasts)
        .order_by(TASK.jeditaskid)
    )


def _listed(row: Row[Any]) -> list[WrongValue]:
    why = None if _is_sound(row.data) else BROKEN
    lasting = [name for name in PERIODS if row._mapping[name] is not None]
    return [
        WrongValue(
            "task_metrics", row.jeditaskid, row.jeditaskid, PERIODS[name],
            f"open since {row._mapping[name]}", "ended", why,
        )
        for name in lasting
    ]  # fmt: skip


def _is_sound(data: str | None) -> bool:
    """Return whether a period can be added to the metrics of a task."""
    try:
        return isinstance(json.loads(data or "{}"), dict)
    except (ValueError, RecursionError):
        return False
