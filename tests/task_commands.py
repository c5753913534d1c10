"""Commands of tasks in tests: given, accepted and carried out; the rows that are left."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, select, update

from pandadb.core.tasks.commands import acceptance, execution, requests
from pandadb.core.tasks.commands.requests import CommandRequest
from pandadb.core.tasks.requesters import Requester
from pandadb.models import JediTasks, ProdSysComm, TasksStatusLog, TTask
from tests.factories import make_task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from pandadb.core.tasks.commands.acceptance import AcceptResult
    from pandadb.core.tasks.commands.execution import ExecutionResult
    from pandadb.core.tasks.commands.requests import CommandAnswer

OPERATOR = Requester("an operator", production_role=True)


def make_commanded_task(
    session: Session, task: int, status: str = "running", *, files: int = 0, **columns: Any
) -> int:
    """Make a task in a state, with its row of T_TASK."""
    make_task(session, task, files)
    session.execute(
        update(JediTasks).where(JediTasks.jeditaskid == task).values(status=status, **columns)
    )
    now = datetime(2026, 1, 1)
    session.add(TTask(taskid=task, parent_tid=task, status=status[:12], submit_time=now))
    session.flush()
    session.expire_all()
    return task


def ask(session: Session, *tasks: int, command: str, **more: Any) -> dict[int, CommandAnswer]:
    """Give a command as an operator does."""
    asked = CommandRequest(command, **{"requester": OPERATOR, **more})
    return requests.register(session, tasks, asked)


def accept(session: Session) -> AcceptResult:
    accepted = acceptance.accept(session, host="here")
    session.expire_all()
    return accepted


def command(session: Session, *tasks: int, command: str, **more: Any) -> ExecutionResult:
    """Give a command, accept it and carry it out."""
    ask(session, *tasks, command=command, **more)
    done = execution.carry_out(session, accept(session).accepted, host="here")
    session.expire_all()
    return done


def task_row(session: Session, task: int) -> JediTasks:
    return session.get_one(JediTasks, task)


def states(session: Session) -> dict[int, str]:
    return dict(map(tuple, session.execute(_states())))


def _states() -> Any:
    return select(JediTasks.jeditaskid, JediTasks.status).order_by(JediTasks.jeditaskid)


def words(session: Session) -> dict[int, str | None]:
    """Return the words of PRODSYS_COMM by task."""
    return dict(map(tuple, session.execute(select(ProdSysComm.comm_task, ProdSysComm.comm_cmd))))


def logged(session: Session, task: int) -> list[tuple[str, str | None]]:
    rows = select(TasksStatusLog.status, TasksStatusLog.reason).where(
        TasksStatusLog.jeditaskid == task
    )
    return [(row.status, row.reason) for row in session.execute(rows)]


@contextmanager
def sent_statements(session: Session) -> Iterator[list[str]]:
    """Collect the statements that are sent."""
    sent: list[str] = []

    def remember(*given: Any) -> None:
        if not given[2].startswith(("SAVEPOINT", "RELEASE", "ROLLBACK TO")):
            sent.append(given[2])

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", remember)
    try:
        yield sent
    finally:
        event.remove(connection, "before_cursor_execute", remember)
