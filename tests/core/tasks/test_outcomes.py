"""Outcomes: states that differ from task to task, in one statement."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from pandadb.core.tasks import activity_periods
from pandadb.core.tasks.changes import outcomes
from pandadb.core.tasks.changes.outcomes import TaskOutcome
from pandadb.database import Database
from pandadb.models import TaskMetrics, TasksStatusLog
from tests.task_rows import LONG_AGO, deft_row, give_dataset, give_task, task_row


def write(database: Database, found: dict[int, TaskOutcome]) -> None:
    with database.transaction() as connection:
        outcomes.write(connection, found, host="here")


def logged(database: Database) -> list[tuple[int, str, str | None, int | None]]:
    log = TasksStatusLog
    query = select(log.jeditaskid, log.status, log.reason, log.attemptnr).order_by(log.jeditaskid)
    with database.session() as session:
        return [tuple(row) for row in session.execute(query)]


def test_each_task_gets_its_own_state_reason_and_columns(database: Database) -> None:
    for task in (1, 2, 3):
        give_task(database, task, "running", superstatus="running")

    write(
        database,
        {
            1: TaskOutcome("done", superstatus="done", deft="done", values={"attemptnr": 5}),
            2: TaskOutcome("failed", "why", "running", values={"attemptnr": None}),
        },
    )

    one, two, three = (task_row(database, task) for task in (1, 2, 3))
    assert (one.status, one.superstatus, one.errordialog) == ("done", "done", None)
    assert (two.status, two.superstatus, two.oldstatus) == ("failed", "running", "running")
    assert (three.status, three.modificationtime) == ("running", LONG_AGO)
    assert [deft_row(database, task).status for task in (1, 2)] == ["done", "running"]
    assert logged(database) == [(1, "done", None, 5), (2, "failed", "why", None)]


def test_a_state_that_is_the_same_is_neither_logged_nor_a_change(database: Database) -> None:
    give_task(database, 1, "running")

    write(database, {1: TaskOutcome("running", ago=None)})

    task = task_row(database, 1)
    assert (task.statechangetime, task.modificationtime) == (LONG_AGO, LONG_AGO)
    assert logged(database) == []


def test_a_task_can_be_dated_back_and_a_long_reason_is_cut(database: Database) -> None:
    give_task(database, 1, "toretry")

    write(database, {1: TaskOutcome("ready", "x" * 600, ago=timedelta(hours=6))})

    task = task_row(database, 1)
    assert task.modificationtime < LONG_AGO - timedelta(hours=3)
    assert task.errordialog == "x" * 510
    assert logged(database) == [(1, "ready", "x" * 255, 0)]


def test_no_tasks_are_no_statement(database: Database) -> None:
    write(database, {})


def test_periods_begin_with_input_that_waits_and_end_without(database: Database) -> None:
    give_task(database, 1, "running")
    give_dataset(database, 1, 1, [{}, {}])
    give_task(database, 2, "pending", oldstatus="running", queuedtime=LONG_AGO)
    give_task(database, 3, "exhausted", activatedtime=LONG_AGO)

    for _ in range(2):  # it is idempotent
        with database.transaction() as connection:
            activity_periods.settle(connection, [1, 2, 3, 4])

    one, two, three = (task_row(database, task) for task in (1, 2, 3))
    assert one.queuedtime is not None
    assert one.activatedtime is not None
    assert (two.queuedtime, three.activatedtime) == (None, None)
    with database.session() as session:
        rows = session.execute(select(TaskMetrics.jeditaskid, TaskMetrics.data))
        data = {task: metrics or "" for task, metrics in sorted(rows)}
    assert [*data] == [2, 3]
    assert "queuingPeriods" in data[2]
    assert "activePeriod" in data[3]


def test_a_period_is_added_to_those_that_a_task_has(database: Database) -> None:
    give_task(database, 1, "done", queuedtime=LONG_AGO)
    with database.session() as session:
        metrics = '{"queuingPeriods": [{"status": "ready"}], "other": 1}'
        session.add(TaskMetrics(jeditaskid=1, modificationtime=LONG_AGO, data=metrics))

    with database.transaction() as connection:
        activity_periods.settle(connection, [1])

    with database.session() as session:
        found = session.scalars(select(TaskMetrics)).one()
    assert '"other": 1' in (found.data or "")
    assert (found.data or "").count('"status"') == 2
