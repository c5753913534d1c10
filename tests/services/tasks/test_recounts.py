"""The recount of tasks as a verb: dry runs, locks, and what is refused."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.row_locks import TasksLocked
from pandadb.models import JediDatasets, JediTasks, TTask
from pandadb.services import tasks
from tests.factories import make_task, make_task_job

if TYPE_CHECKING:
    from pandadb.database import Database

TASK = 7
THEN = datetime(2026, 1, 1)
WAYS = ("jedi_datasets", "t_task", "task_metrics")


@pytest.fixture
def task(database: Database) -> int:
    """A task of which a counter, a total and a period are wrong."""
    with Session(database.engine) as session, session.begin():
        make_task(session, TASK, files=2)
        session.add(TTask(taskid=TASK, submit_time=THEN, total_done_jobs=0, total_events=0))
        make_task_job(session, TASK, 0)
        session.flush()
        done = session.get_one(JediTasks, TASK)
        done.status, done.queuedtime, done.statechangetime = "done", THEN, THEN
        dataset = session.query(JediDatasets).filter_by(jeditaskid=TASK, type="input").one()
        dataset.nfilesused = 9
    return TASK


def tables(found: list[tasks.WrongValue]) -> list[str]:
    return [*dict.fromkeys(one.table for one in found)]


def test_all_that_is_wrong_is_repaired_in_one_call(database: Database, task: int) -> None:
    tried = tasks.recount(database, task, options=tasks.VerbOptions(dry_run=True))
    done = tasks.recount(database, task)

    assert tables(tried) == [*WAYS]
    assert tried == done
    assert tasks.recount(database, task) == []


def test_a_row_that_is_locked_is_refused_or_left(database: Database, task: int) -> None:
    with database.engine.connect() as holder:
        holder.execute(text("SELECT FROM doma_deft.t_task FOR UPDATE"))
        with pytest.raises(TasksLocked, match="locked a task"):
            tasks.recount(database, task, options=tasks.VerbOptions(lock=Lock.NOWAIT))
        left = tasks.recount(database, task, options=tasks.VerbOptions(lock=Lock.SKIP))
    assert "t_task" not in tables(left)
    assert tables(tasks.recount(database, task)) == ["t_task"]


def test_a_task_is_a_number(database: Database) -> None:
    with pytest.raises(InvalidValue):
        tasks.recount(database, "7")  # type: ignore[arg-type]
