"""Tasks that wait for a generator: job generation 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from pandadb.core.generation.dataset_attributes import MERGE_TYPES, PROCESS_TYPES
from pandadb.core.generation.picking.input_datasets import READY_STATES, SETTLED_STATES
from pandadb.core.generation.picking.task_locks import is_free
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JediDatasets, JediTasks, JediWorkQueue

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

TASK, DATASET, WORK_QUEUE = (one.__table__.c for one in (JediTasks, JediDatasets, JediWorkQueue))
ANY = (None, "", "any")
"""Values that stand for all labels, or all clouds."""
RESOURCE = "Resource"
"""The function of work queues whose tasks are picked by queue; those of others by share."""


def find(
    session: Transaction,
    *,
    vo: str,
    label: str | None,
    cloud: str | None,
    beside: int,
    limit: int,
) -> list[int]:
    """Return tasks that wait for a generator, as one of them does, the most urgent first.

    They are of its work queue (of its share, unless the queue is for a resource) and its resource
    type.

    Raises:
        InvalidValue: The task does not exist.
    """
    merges = func.bool_and(DATASET.type.in_(MERGE_TYPES))
    priority = TASK.currentpriority + case((TASK.status == "scouting", 1), else_=0)
    rows = (
        select(TASK.jeditaskid)
        .join(DATASET.datasetid.table, DATASET.jeditaskid == TASK.jeditaskid)
        .where(
            TASK.vo == vo,
            *([] if label in ANY else [TASK.prodsourcelabel == label]),
            *([] if cloud in ANY else [TASK.cloud == cloud]),
            *_is_beside(session, beside),
            is_free(),
            _has_work(),
            ~_is_fed(),
        )
        .group_by(TASK.jeditaskid)
        .order_by(merges.desc(), priority.desc(), TASK.jeditaskid)
        .limit(limit)
    )
    return [*session.scalars(rows)]


def state(session: Transaction, task: int) -> tuple[str, str | None]:
    """Return the state of a task, and why it is on hold.

    Raises:
        InvalidValue: The task does not exist.
    """
    found = session.execute(
        select(TASK.status, TASK.errordialog).where(TASK.jeditaskid == task)
    ).one_or_none()
    if found is None:
        raise _unknown(task)
    return found.status, found.errordialog


def _is_beside(session: Transaction, task: int) -> list[ColumnElement[bool]]:
    columns = (TASK.workqueue_id, TASK.gshare, TASK.resource_type, WORK_QUEUE.queue_function)
    found = session.execute(
        select(*columns)
        .join(WORK_QUEUE.queue_id.table, WORK_QUEUE.queue_id == TASK.workqueue_id, isouter=True)
        .where(TASK.jeditaskid == task)
    ).one_or_none()
    if found is None:
        raise _unknown(task)
    resource = [] if not found.resource_type else [TASK.resource_type == found.resource_type]
    if found.queue_function == RESOURCE:
        return [TASK.workqueue_id == found.workqueue_id, *resource]
    queues = select(WORK_QUEUE.queue_id).where(WORK_QUEUE.queue_function == RESOURCE)
    return [TASK.gshare == found.gshare, TASK.workqueue_id.not_in(queues), *resource]


def _unknown(task: int) -> InvalidValue:
    return InvalidValue(f"task {task} does not exist in JEDI_TASKS")


def _has_work() -> ColumnElement[bool]:
    return and_(
        DATASET.masterid.is_(None),
        DATASET.type.in_(PROCESS_TYPES),
        DATASET.status.in_(READY_STATES),
        DATASET.nfilestobeused > DATASET.nfilesused,
    )


def _is_fed() -> ColumnElement[bool]:
    """Return whether a dataset of the task is not settled."""
    other: Any = aliased(JediDatasets)
    return exists().where(
        other.jeditaskid == TASK.jeditaskid,
        other.type.in_(PROCESS_TYPES),
        or_(other.status.is_(None), other.status.not_in(SETTLED_STATES)),
    )
