"""Since when tasks have input that waits, and have been active; periods of both in TASK_METRICS.

Semantics 3.4: a new state of a task sets or clears `queuedtime` and `activatedtime`.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    null,
    or_,
    select,
    update,
)

from pandadb.core.sql.expressions import constants, now
from pandadb.core.sql.id_arrays import array, is_given, unnested, written
from pandadb.models import JediDatasets, JediTasks, TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Row, Select

    from pandadb.core.sql.transaction import Transaction

TASK, METRIC = JediTasks.__table__.c, TaskMetrics.__table__.c
ACTIVE = ("ready", "running", "scouting", "scouted")
"""States in which input waits for jobs; a pending task has the state that it comes back to."""
FROZEN = ("done", "finished", "failed", "broken", "paused", "exhausted")
"""States in which a task is active no longer."""
MOST_PERIODS = 10_000
QUEUING, ACTIVITY = "queuingPeriods", "activePeriod"


def refresh(session: Transaction, tasks: Sequence[int]) -> None:
    """Set `queuedtime` and `activatedtime` of tasks with input that waits, and clear the others'.

    A period that ends is added to the metrics of the task.
    """
    if not tasks:
        return
    rows = session.execute(_statement(), {"pandaids": written(tasks)}).all()
    ended = {row.jeditaskid: _periods(row) for row in rows}
    _record(session, {task: periods for task, periods in ended.items() if periods})


def _periods(row: Row[Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the periods of a task that end now, each with the name of its list."""

    def period(start: datetime) -> dict[str, Any]:
        return {"start": _encoded(start), "end": _encoded(row.at), "status": row.status}

    queued = [(QUEUING, period(row.queuedtime))] if row.dequeued else []
    return [*queued, *([(ACTIVITY, period(row.activatedtime))] if row.stopped else [])]


def _encoded(time: datetime) -> dict[str, str]:
    """Return a time as PanDA's JSON has it."""
    return {"_datetime_object": time.strftime("%Y-%m-%d %H:%M:%S.%f")}


@cache
def _statement() -> Select[Any]:
    """Return the statement that changes the times, and selects the tasks whose periods end."""
    dataset = JediDatasets.__table__.c
    waits = exists().where(
        dataset.jeditaskid == TASK.jeditaskid,
        dataset.type.in_(constants(("input", "pseudo_input"))),
        dataset.masterid.is_(None),
        dataset.nfilestobeused > 0,
        dataset.nfilestobeused > dataset.nfilesused,
    )
    active = or_(
        TASK.status.in_(constants(ACTIVE)),
        and_(
            TASK.status == "pending",
            func.coalesce(TASK.oldstatus, "").in_(constants(ACTIVE)),
        ),
    )
    picked = (
        select(
            TASK.jeditaskid, TASK.status, TASK.queuedtime, TASK.activatedtime, now().label("at"),
            and_(active, waits).label("waits"),
        )
        .where(is_given(TASK.jeditaskid))
        .order_by(TASK.jeditaskid)
        .with_for_update()
        .cte("picked")
        .prefix_with("MATERIALIZED")
    )  # fmt: skip
    was = picked.c
    stopped = and_(was.status.in_(constants(FROZEN)), was.activatedtime.is_not(None))
    starts = and_(was.waits, was.queuedtime.is_(None))
    dequeued = and_(~was.waits, was.queuedtime.is_not(None))
    changed = (
        update(JediTasks.__table__)
        .where(TASK.jeditaskid == was.jeditaskid, or_(starts, dequeued, stopped))
        .values(
            queuedtime=case(
                (starts, now()), (dequeued, null()), else_=was.queuedtime
            ),
            activatedtime=case(
                (stopped, null()),
                (starts, func.coalesce(was.activatedtime, now())),
                else_=was.activatedtime,
            ),
        )
        .cte("changed")
    )  # fmt: skip
    ends = select(picked, dequeued.label("dequeued"), stopped.label("stopped"))
    return ends.where(or_(dequeued, stopped)).order_by(was.jeditaskid).add_cte(changed)


def _record(
    session: Transaction, periods: Mapping[int, Iterable[tuple[str, dict[str, Any]]]]
) -> None:
    """Add periods to the metrics of tasks."""
    if not periods:
        return
    known = select(METRIC.jeditaskid, METRIC.data).where(is_given(METRIC.jeditaskid))
    rows = session.execute(known, {"pandaids": written(periods)}).all()
    before = {row.jeditaskid: row.data for row in rows if row.data}
    new = {task: _added(before.get(task), added) for task, added in periods.items()}
    _write(session, {task: data for task, data in new.items() if task in before}, known=True)
    _write(session, {task: data for task, data in new.items() if task not in before}, known=False)


def _added(data: str | None, periods: Iterable[tuple[str, dict[str, Any]]]) -> str:
    try:
        metrics = json.loads(data or "{}")
    except ValueError:
        metrics = {}
    for name, period in periods:
        if len(kept := metrics.setdefault(name, [])) < MOST_PERIODS:
            kept.append(period)
    return json.dumps(metrics)


def _write(session: Transaction, new: Mapping[int, str], *, known: bool) -> None:
    if not new:
        return
    given = unnested("given", jeditaskid=array("tasks"), data=bindparam("texts", type_=ARRAY(Text)))
    statement: Any
    if known:
        values = {"data": given.c.data, "modificationtime": now()}
        statement = (
            update(TaskMetrics.__table__)
            .where(METRIC.jeditaskid == given.c.jeditaskid)
            .values(values)
        )
    else:
        row = {
            "jeditaskid": given.c.jeditaskid,
            "creationtime": now(),
            "modificationtime": now(),
            "data": given.c.data,
        }
        statement = insert(TaskMetrics.__table__).from_select([*row], select(*row.values()))
    session.execute(statement, {"tasks": [*new], "texts": [*new.values()]})
