"""Times in which tasks wait with input for jobs: QUEUEDTIME, ACTIVATEDTIME and TASK_METRICS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, or_, select, update

from pandadb.core.jobs.files.file_status import MASTER_TYPES
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JediDatasets, JediTasks, TaskMetrics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction

TASK, DATASET, METRIC = (one.__table__.c for one in (JediTasks, JediDatasets, TaskMetrics))
WAITING_STATES = ("ready", "running", "scouting", "scouted")
"""States in which a task with input that is not used yet waits for jobs."""
PERIODS = "queuingPeriods"
MOST_PERIODS = 10_000
TIME_FORMAT = "%Y-%m-%d %H:%M:%S.%f"


def update_times(session: Transaction, tasks: Sequence[int]) -> None:
    """Note since when tasks wait; of those without input left, how long they have waited."""
    rows = [dict(row) for row in session.execute(_waiting(tasks)).mappings()]
    starts = [row for row in rows if row["has_input"] and row["queuedtime"] is None]
    ends = [row for row in rows if not row["has_input"] and row["queuedtime"] is not None]
    if starts:
        ids = [row["jeditaskid"] for row in starts]
        begun = update(JediTasks.__table__).where(is_among(TASK.jeditaskid, ids))
        activated = func.coalesce(TASK.activatedtime, now())
        session.execute(begun.values(queuedtime=now(), activatedtime=activated))
    if ends:
        ids = [row["jeditaskid"] for row in ends]
        ended = update(JediTasks.__table__).where(is_among(TASK.jeditaskid, ids))
        session.execute(ended.values(queuedtime=None))
        _note(session, ends)


def _waiting(tasks: Sequence[int]) -> Any:
    has_input = exists().where(
        DATASET.jeditaskid == TASK.jeditaskid,
        DATASET.type.in_(MASTER_TYPES),
        DATASET.masterid.is_(None),
        DATASET.nfilestobeused > 0,
        DATASET.nfilestobeused > DATASET.nfilesused,
    )
    waits = or_(
        TASK.status.in_(WAITING_STATES),
        and_(TASK.status == "pending", TASK.oldstatus.in_(WAITING_STATES)),
    )
    columns = (TASK.jeditaskid, TASK.status, TASK.queuedtime, now().label("now"))
    return select(*columns, and_(waits, has_input).label("has_input")).where(
        is_among(TASK.jeditaskid, tasks)
    )


def _note(session: Transaction, ends: Sequence[Row]) -> None:
    """Add periods to the metrics of tasks."""
    ids = [row["jeditaskid"] for row in ends]
    known = session.execute(
        select(METRIC.jeditaskid, METRIC.data).where(is_among(METRIC.jeditaskid, ids))
    )
    metrics = {task: json.loads(data) for task, data in known if data}
    new: list[dict[str, Any]] = []
    for row in ends:
        found = metrics.get(row["jeditaskid"])
        data = json.dumps(_with_period(found or {}, row))
        times = {"creationtime": row["now"], "modificationtime": row["now"]}
        if found is None:
            new.append({"jeditaskid": row["jeditaskid"], "data": data, **times})
        else:
            changed = update(TaskMetrics.__table__).where(METRIC.jeditaskid == row["jeditaskid"])
            session.execute(changed.values(data=data, modificationtime=row["now"]))
    if new:
        session.execute(TaskMetrics.__table__.insert(), new)


def _with_period(metrics: dict[str, Any], row: Row) -> dict[str, Any]:
    periods = metrics.setdefault(PERIODS, [])
    if len(periods) < MOST_PERIODS:
        period = {"start": _time(row["queuedtime"]), "end": _time(row["now"])}
        periods.append({**period, "status": row["status"]})
    return metrics


def _time(when: datetime) -> dict[str, str]:
    return {"_datetime_object": when.strftime(TIME_FORMAT)}
