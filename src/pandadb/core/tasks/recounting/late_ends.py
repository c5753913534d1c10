"""Whether a task had ended when its job did: such jobs change nothing of it (semantics 2.14)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, exists, false, func, select

from pandadb.core.jobs.files.file_status import CLOSED_TASKS
from pandadb.core.sql.expressions import constants
from pandadb.models import TasksStatusLog

LOG = TasksStatusLog.__table__.c


def was_closed(task: ColumnElement[int], at: ColumnElement[object]) -> ColumnElement[bool]:
    """Return whether a task had ended by then, by TASKS_STATUSLOG: it logs most states, not all.

    So a task that was opened again by an operator's `reactivate` seems to be closed, and one whose
    log is gone seems to be open.
    """
    before = and_(LOG.jeditaskid == task, LOG.modificationtime <= at)
    closed = LOG.status.in_(constants(CLOSED_TASKS))
    last = (
        select(closed)
        .where(before)
        .order_by(LOG.modificationtime.desc())
        .limit(1)
        .scalar_subquery()
    )
    return case((exists().where(before, closed), func.coalesce(last, false())), else_=false())
