"""Tasks found: a page of those that match a filter, one with its datasets, its history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import extract, func, select

from pandadb.core.sql.id_arrays import is_given, written
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import check_columns, check_number, check_text, words
from pandadb.core.tasks.states import TASKS
from pandadb.errors import PandaDBError
from pandadb.models import JediDatasets, JediTasks, ProdSysComm, TaskAttempts, TasksStatusLog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

TASK, DATASET = JediTasks.__table__.c, JediDatasets.__table__.c
LOG, ATTEMPT, COMMAND = (one.__table__.c for one in (TasksStatusLog, TaskAttempts, ProdSysComm))
EQUALITY_COLUMNS = ("username", "vo", "prodsourcelabel", "workinggroup", "gshare")
MAX_PAGE = 100_000


class TaskNotFound(PandaDBError):
    """A task that JEDI_TASKS does not have."""


@dataclass(frozen=True)
class TaskFilter:
    """Conditions on tasks; None matches all.

    Raises:
        UnknownState: No state has that name.
        InvalidValue: A value does not fit its column.
    """

    status: str | Sequence[str] | None = None
    """A state, or several."""
    taskname: str | None = None
    """`*` stands for any letters."""
    username: str | None = None
    vo: str | None = None
    prodsourcelabel: str | None = None
    workinggroup: str | None = None
    gshare: str | None = None
    since: datetime | None = None
    """Of `modificationtime`, naive UTC."""
    until: datetime | None = None
    """Exclusive."""

    def __post_init__(self) -> None:
        for name in words(self.status or ()):
            TASKS.state(name)
        given = {name: getattr(self, name) for name in EQUALITY_COLUMNS}
        check_columns(JediTasks, {name: one for name, one in given.items() if one is not None})
        if self.taskname is not None:
            check_text("taskname", self.taskname)
        for moment in (self.since, self.until):
            if moment is not None:
                check_columns(JediTasks, {"modificationtime": moment})

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions."""
        if self.status:
            yield TASK.status.in_(words(self.status))
        for name in EQUALITY_COLUMNS:
            if (given := getattr(self, name)) is not None:
                yield TASK[name] == given
        if self.taskname is not None:
            yield TASK.taskname.like(_pattern(self.taskname), escape="\\")
        if self.since is not None:
            yield TASK.modificationtime >= self.since
        if self.until is not None:
            yield TASK.modificationtime < self.until


def _pattern(text: str) -> str:
    """Return a text with * as a pattern of LIKE."""
    for letter in "\\%_":
        text = text.replace(letter, f"\\{letter}")
    return text.replace("*", "%")


@dataclass(frozen=True)
class TaskPage:
    """Some tasks, the newest first."""

    tasks: list[dict[str, Any]]
    next: int | None
    """The task to give as `before` for the next page; None if this is the last."""


def find(
    session: Transaction, chosen: TaskFilter, *, limit: int, before: int | None = None
) -> TaskPage:
    """Return a page of the tasks that match, by descending id (keyset pagination).

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or `before` is no id.
    """
    check_number("limit", limit, 1, MAX_PAGE)
    conditions = [*chosen.conditions()]
    if before is not None:
        check_columns(JediTasks, {"jeditaskid": before})
        conditions.append(TASK.jeditaskid < before)
    rows = connection_of(session).execute(
        select(JediTasks.__table__)
        .where(*conditions)
        .order_by(TASK.jeditaskid.desc())
        .limit(limit + 1)
    )
    found = [dict(row) for row in rows.mappings()]
    return TaskPage(found[:limit], found[limit - 1]["jeditaskid"] if found[limit:] else None)


def get(session: Transaction, task: int) -> dict[str, Any]:
    """Return all columns of a task, and besides them its `datasets`, masters first.

    Raises:
        TaskNotFound: There is none.
        InvalidValue: No task can have the number.
    """
    check_columns(JediTasks, {"jeditaskid": task})
    connection = connection_of(session)
    row = connection.execute(select(JediTasks.__table__).where(TASK.jeditaskid == task)).mappings()
    found = row.one_or_none()
    if found is None:
        raise TaskNotFound(f"Task {task} is unknown: JEDI_TASKS does not have it")
    of_task = (
        select(JediDatasets.__table__)
        .where(DATASET.jeditaskid == task)
        .order_by(DATASET.masterid.is_not(None), DATASET.datasetid)
    )
    return {**found, "datasets": [dict(one) for one in connection.execute(of_task).mappings()]}


def states_of(session: Transaction, tasks: Sequence[int]) -> dict[int, str]:
    """Return the states of tasks; those that do not exist are left out."""
    rows = connection_of(session).execute(
        select(TASK.jeditaskid, TASK.status).where(is_given(TASK.jeditaskid)),
        {"pandaids": written(tasks)},
    )
    return {row.jeditaskid: row.status for row in rows}


@dataclass(frozen=True)
class TaskStep:
    """A state that a task was in."""

    status: str
    since: datetime
    seconds: float | None
    """How long; None for the last one."""
    attemptnr: int | None
    reason: str | None
    modificationhost: str | None


@dataclass(frozen=True)
class TaskHistory:
    """The states of a task, its attempts, and the command that was given last."""

    jeditaskid: int
    states: list[TaskStep]
    attempts: list[dict[str, Any]]
    command: dict[str, Any] | None


def history(session: Transaction, task: int) -> TaskHistory:
    """Return the history of a task, from TASKS_STATUSLOG, TASK_ATTEMPTS and PRODSYS_COMM.

    Raises:
        TaskNotFound: There is none.
        InvalidValue: No task can have the number.
    """
    get(session, task)
    connection = connection_of(session)
    following = func.lead(LOG.modificationtime).over(order_by=LOG.modificationtime)
    seconds = extract("epoch", following - LOG.modificationtime)
    steps = connection.execute(
        select(
            LOG.status,
            LOG.modificationtime.label("since"),
            seconds.label("seconds"),
            LOG.attemptnr,
            LOG.reason,
            LOG.modificationhost,
        )
        .where(LOG.jeditaskid == task)
        .order_by(LOG.modificationtime)
    )
    attempts = connection.execute(
        select(TaskAttempts.__table__)
        .where(ATTEMPT.jeditaskid == task)
        .order_by(ATTEMPT.attemptnr, ATTEMPT.starttime)
    )
    command = connection.execute(
        select(ProdSysComm.__table__).where(COMMAND.comm_task == task).limit(1)
    )
    last = command.mappings().first()
    return TaskHistory(
        task,
        [TaskStep(**row) for row in steps.mappings()],
        [dict(row) for row in attempts.mappings()],
        dict(last) if last else None,
    )
