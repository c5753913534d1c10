"""The lowest task of each state, for JEDI's agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from pandadb.core.tasks import min_task_ids
from pandadb.models import JediAuxStatusMinTaskID, JediTasks
from tests.task_commands import make_commanded_task

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def lowest(session: Session) -> dict[str, int]:
    rows = select(JediAuxStatusMinTaskID.status, JediAuxStatusMinTaskID.min_jeditaskid)
    return dict(map(tuple, session.execute(rows)))


def test_the_lowest_task_of_each_state_is_kept_up_to_date(session: Session) -> None:
    for task, state in ((5, "ready"), (6, "ready"), (7, "done"), (8, "broken")):
        make_commanded_task(session, task, state)

    assert min_task_ids.refresh(session) == 3
    assert lowest(session) == {"ready": 5, "done": 7, "broken": 8}
    assert min_task_ids.refresh(session) == 0

    session.execute(update(JediTasks).where(JediTasks.jeditaskid == 5).values(status="running"))
    assert min_task_ids.refresh(session) == 2
    assert lowest(session) == {"ready": 6, "running": 5, "done": 7, "broken": 8}


def test_the_row_of_a_state_without_tasks_stays(session: Session) -> None:
    make_commanded_task(session, 5, "ready")
    min_task_ids.refresh(session)
    session.execute(update(JediTasks).values(status="running"))

    min_task_ids.refresh(session)

    assert lowest(session) == {"ready": 5, "running": 5}
