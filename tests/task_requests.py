"""Requests for tasks that wait for input, for tests with a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from pandadb.core.tasks.requesters import Requester
from pandadb.core.tasks.submission import requests
from pandadb.models import Base, JediTasks
from tests.factories import make_task
from tests.task_drafts import PARAMETERS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.core.tasks.submission.requests import SubmissionAnswer

USER = Requester("/DC=ch/CN=A Newcomer")
PRODUCTION = Requester("/DC=ch/CN=prodsys", production_role=True)


def submit(
    session: Session,
    requester: Requester = PRODUCTION,
    *,
    parent: int | None = None,
    allow_active: bool = False,
    **parameters: Any,
) -> SubmissionAnswer:
    """Submit a task with these parameters beside the usual ones."""
    given = {**PARAMETERS, **parameters}
    return requests.submit(session, given, requester, parent=parent, allow_active=allow_active)


def submitted(session: Session, requester: Requester = PRODUCTION, **parameters: Any) -> int:
    """Submit a task; return its number."""
    answer = submit(session, requester, **parameters)
    assert answer.code == 0, answer
    assert answer.jeditaskid is not None
    return answer.jeditaskid


def rows(session: Session, model: type[Base], **columns: Any) -> list[dict[str, Any]]:
    """Return the rows of a table with these values."""
    found = select(model.__table__).filter_by(**columns)
    return [dict(row) for row in session.execute(found).mappings()]


def row(session: Session, model: type[Base], **columns: Any) -> dict[str, Any]:
    """Return the only row of a table with these values."""
    (found,) = rows(session, model, **columns)
    return found


def make(session: Session, task: int, files: int = 0, **columns: Any) -> None:
    """Make a task with values of columns, and with files."""
    make_task(session, task, files)
    made = update(JediTasks.__table__).where(JediTasks.__table__.c.jeditaskid == task)
    session.execute(made.values(**columns))
