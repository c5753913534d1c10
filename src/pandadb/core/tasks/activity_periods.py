"""Periods of tasks with input to process, and periods of activity: TASK_METRICS.

`queuedtime` and `activatedtime` are set while a task has files that no job has taken; their ends go
into TASK_METRICS as `queuingPeriods` and `activePeriod` (semantics 3.4).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    and_,
    case,
    cast,
    exists,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import Text

from pandadb.core.jobs.queuing_periods import HAS_INPUT, IS_ACTIVE, MOST_PERIODS, json_time
from pandadb.core.sql.expressions import constant, now
from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.models import JediTasks, TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

TASK = JediTasks.__table__.c
METRICS = TaskMetrics.__table__.c
FROZEN = ("done", "finished", "failed", "broken", "paused", "exhausted")
"""States of tasks that are not active any more."""


def settle(session: Transaction, tasks: Iterable[int], *, since_change: bool = False) -> None:
    """Begin or end the periods of tasks, by their states and input as they are now.

    With `since_change` periods have ended when the state of the task last changed. The tasks are
    locked.
    """
    if chosen := [*tasks]:
        statement = _statement(since_change=since_change)
        connection_of(session).execute(statement, {"pandaids": chosen})


@cache
def _statement(*, since_change: bool) -> Select[Any]:
    was = _tasks()
    ended = or_(was.c.stops_queuing, was.c.stops)
    begins = and_(was.c.has_input, was.c.queuedtime.is_(None))
    new = {
        "queuedtime": case((was.c.stops_queuing, null()), (begins, now()), else_=TASK.queuedtime),
        "activatedtime": case(
            (was.c.stops, null()),
            (and_(begins, was.c.activatedtime.is_(None)), now()),
            else_=TASK.activatedtime,
        ),
    }
    changed = (
        update(JediTasks.__table__)
        .where(TASK.jeditaskid == was.c.jeditaskid, or_(ended, begins))
        .values(new)
        .cte("changed")
    )
    periods = _periods(was, func.coalesce(was.c.statechangetime, now()) if since_change else now())
    renewed = (
        update(TaskMetrics.__table__)
        .where(METRICS.jeditaskid == periods.c.jeditaskid)
        .values(modificationtime=now(), data=cast(_added(periods), Text))
        .returning(METRICS.jeditaskid)
        .cte("renewed")
    )
    row = {
        "jeditaskid": periods.c.jeditaskid,
        "creationtime": now(),
        "modificationtime": now(),
        "data": cast(
            func.jsonb_strip_nulls(
                func.jsonb_build_object(
                    "queuingPeriods", periods.c.queuing, "activePeriod", periods.c.active
                )
            ),
            Text,
        ),
    }
    is_new = ~exists().where(METRICS.jeditaskid == periods.c.jeditaskid)
    first = insert(TaskMetrics.__table__).from_select([*row], select(*row.values()).where(is_new))
    return select(func.count()).select_from(was).add_cte(changed, renewed, first.cte("first"))


def _tasks() -> CTE:
    """Select the tasks, with their input and the ends of their periods as conditions."""
    has_input = and_(IS_ACTIVE, HAS_INPUT)
    return (
        select(
            TASK.jeditaskid,
            TASK.status,
            TASK.statechangetime,
            TASK.queuedtime,
            TASK.activatedtime,
            has_input.label("has_input"),
            and_(TASK.queuedtime.is_not(None), ~has_input).label("stops_queuing"),
            and_(TASK.activatedtime.is_not(None), TASK.status.in_(FROZEN)).label("stops"),
        )
        .where(is_given(TASK.jeditaskid))
        .cte("was")
        .prefix_with("MATERIALIZED")
    )


def _periods(was: CTE, end: ColumnElement[Any]) -> CTE:
    """Select the periods that end, each as a JSON array of one; NULL where none does."""

    def period(start: ColumnElement[Any], ends: ColumnElement[bool]) -> ColumnElement[Any]:
        made = func.jsonb_build_array(
            func.jsonb_build_object(
                "start", json_time(start), "end", json_time(end), "status", was.c.status
            )
        )
        return case((ends, made), else_=null())

    return (
        select(
            was.c.jeditaskid,
            period(was.c.queuedtime, was.c.stops_queuing).label("queuing"),
            period(was.c.activatedtime, was.c.stops).label("active"),
        )
        .where(or_(was.c.stops_queuing, was.c.stops))
        .cte("periods")
    )


def _added(periods: CTE) -> ColumnElement[Any]:
    """Return the metrics of a task with the new periods at the end of their lists."""
    old = cast(func.coalesce(func.nullif(METRICS.data, ""), constant("{}")), JSONB)
    queuing = _longer(old, "queuingPeriods", periods.c.queuing, MOST_PERIODS)
    active = _longer(old, "activePeriod", periods.c.active, None)
    return old.op("||")(queuing).op("||")(active)


def _longer(
    old: ColumnElement[Any], name: str, new: ColumnElement[Any], most: int | None
) -> ColumnElement[Any]:
    """Return an object with the list of that name, longer by a period; empty where there is none.

    A list with the most periods stays as it is.
    """
    kept = func.coalesce(old[name], cast(constant("[]"), JSONB))
    is_full = false() if most is None else func.jsonb_array_length(kept) >= most
    longer = func.jsonb_build_object(literal(name), kept.op("||")(new))
    return case((or_(new.is_(None), is_full), cast(constant("{}"), JSONB)), else_=longer)
