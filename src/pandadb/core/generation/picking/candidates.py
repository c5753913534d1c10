"""Tasks that jobs can be generated for, in the order in which a generator takes them.

Job generation 1: those with outputs to be merged and nothing else, then by priority, where scouts
go before the rest, then by id.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, and_, bindparam, case, exists, func, literal, or_, select

from pandadb.core.generation.dataset_attributes import MERGE_TYPES
from pandadb.core.generation.picking.task_locks import has_work, is_free, is_waiting
from pandadb.core.sql.expressions import constants
from pandadb.core.sql.id_arrays import is_given, written
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import check_number
from pandadb.core.tasks.search.pages import TaskNotFound
from pandadb.models import JediDatasets, JediTasks, JediWorkQueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

ANY = "any"
"""A label or a cloud that is not looked at."""
MOST_TASKS = 1_000_000
TASK, DATASET, QUEUE = JediTasks.__table__.c, JediDatasets.__table__.c, JediWorkQueue.__table__.c


@dataclass(frozen=True)
class Selection:
    """Tasks that a generator works on."""

    vo: str
    prodsourcelabel: str | None = None
    """None or `any`: all."""
    cloud: str | None = None
    """None or `any`: all."""
    resource_type: str | None = None
    workqueue_id: int | None = None
    """A work queue with a function of its own (Resource)."""
    gshare: str | None = None
    """A share: its tasks in work queues of the function Resource are left out."""


def check_known(session: Transaction, tasks: Sequence[int]) -> None:
    """Check that tasks exist.

    Raises:
        TaskNotFound: One does not.
    """
    rows = select(TASK.jeditaskid).where(is_given(TASK.jeditaskid))
    known = {*connection_of(session).scalars(rows, {"pandaids": written(tasks)})}
    for task in tasks:
        if task not in known:
            raise TaskNotFound(f"there is no task {task}")


def like(session: Transaction, task: int, vo: str, label: str, cloud: str) -> Selection:
    """Return the selection of the tasks of a task's work queue or share, and resource type.

    Raises:
        TaskNotFound: There is no such task.
    """
    row = connection_of(session).execute(_one(), {"task": task}).one_or_none()
    if row is None:
        raise TaskNotFound(f"there is no task {task}")
    is_resource = row.queue_function == "Resource"
    return Selection(
        vo=vo,
        prodsourcelabel=label,
        cloud=cloud,
        resource_type=row.resource_type,
        workqueue_id=row.workqueue_id if is_resource else None,
        gshare=None if is_resource else row.gshare,
    )


def candidates(session: Transaction, selection: Selection, ntasks: int = 10) -> list[int]:
    """Return tasks with input for jobs that no generator has, at most so many.

    Nothing is locked: others may take them in the meantime.
    """
    check_number("ntasks", ntasks, 0, MOST_TASKS)
    label, cloud = selection.prodsourcelabel, selection.cloud
    parameters = {
        "vo": selection.vo,
        "label": None if label == ANY else label,
        "cloud": None if cloud == ANY else cloud,
        "resource_type": selection.resource_type,
        "workqueue_id": selection.workqueue_id,
        "gshare": selection.gshare,
        "ntasks": ntasks,
    }
    return [*connection_of(session).scalars(_candidates(), parameters)]


@cache
def _one() -> Select[Any]:
    return (
        select(TASK.workqueue_id, TASK.gshare, TASK.resource_type, QUEUE.queue_function)
        .outerjoin(JediWorkQueue.__table__, QUEUE.queue_id == TASK.workqueue_id)
        .where(TASK.jeditaskid == bindparam("task"))
    )


@cache
def _candidates() -> Select[Any]:
    is_merge = DATASET.type.in_(constants(MERGE_TYPES))
    is_scouting = case((TASK.status == "scouting", 1), else_=0)
    return (
        select(TASK.jeditaskid)
        .join(JediDatasets.__table__, DATASET.jeditaskid == TASK.jeditaskid)
        .where(
            is_free(),
            TASK.vo == bindparam("vo"),
            _is(TASK.prodsourcelabel, "label"),
            _is(TASK.cloud, "cloud"),
            _is(TASK.resource_type, "resource_type"),
            _is(TASK.workqueue_id, "workqueue_id"),
            _is_of_share(),
            has_work(DATASET),
            ~is_waiting(),
        )
        .group_by(TASK.jeditaskid)
        .order_by(
            func.bool_and(is_merge).desc(),
            (func.coalesce(TASK.currentpriority, 0) + is_scouting).desc(),
            TASK.jeditaskid,
        )
        .limit(bindparam("ntasks"))
    )


def _is(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return whether a column has the value of a parameter, if that is given."""
    wanted = bindparam(name, type_=column.type)
    return or_(wanted.is_(None), column == wanted)


def _is_of_share() -> ColumnElement[bool]:
    share = bindparam("gshare", type_=String)
    resource = exists().where(
        QUEUE.queue_id == TASK.workqueue_id, QUEUE.queue_function == literal("Resource")
    )
    return or_(share.is_(None), and_(TASK.gshare == share, ~resource))
