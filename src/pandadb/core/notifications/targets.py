"""Job sets, tasks and jobs of old clients by the numbers that their users know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, not_, or_, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on

from pandadb.core.jobs import states
from pandadb.core.sql.expressions import constant, constants
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JediJobRetryHistory, JediTasks
from pandadb.models.jobs.all_tables import JOB_TABLES, LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Row, Subquery

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

TASK, HISTORY = JediTasks.__table__.c, JediJobRetryHistory.__table__.c
FLOW = "flow"
"""The state of tasks that are flows of the job queue: they end with their jobs."""
RETRY = "retry"
"""The `relationtype` of a job and its next attempt."""
TASK_COLUMNS = (
    "jeditaskid", "status", "username", "creationdate", "endtime", "errordialog", "reqid",
    "prodsourcelabel", "vo",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """Jobs by the number of their job set, their task, or (old clients) their definition.

    Numbers of job sets and of definitions are those of a user: `username` keeps them apart, and
    lets the search use an index.
    """

    jobsetid: int | None = None
    jeditaskid: int | None = None
    jobdefinitionid: int | None = None
    username: str | None = None


@dataclass(frozen=True)
class Chosen:
    """The tasks of a target, and a condition on its jobs."""

    tasks: Sequence[Row[Any]]
    target: Target

    @property
    def is_by_task(self) -> bool:
        """Return whether the jobs are those of the tasks; else those with the number."""
        return bool(self.tasks) or self.target.jeditaskid is not None

    def of(self, job: Columns) -> ColumnElement[bool]:
        """Return whether a job is one of the target."""
        if self.tasks:
            return is_among(job["jeditaskid"], [task.jeditaskid for task in self.tasks])
        if self.target.jeditaskid is not None:
            mine: ColumnElement[bool] = job["jeditaskid"] == self.target.jeditaskid
            return mine
        return self._by_number(job)

    def _by_number(self, job: Columns) -> ColumnElement[bool]:
        for column in ("jobsetid", "jobdefinitionid"):
            number = getattr(self.target, column)
            if number is not None:
                mine = job[column] == number
                user = self.target.username
                return mine if user is None else and_(mine, job["produsername"] == user)
        return false()


def choose(session: Transaction, target: Target) -> Chosen:
    """Return the tasks of a target: the one that it names, or those of its job set.

    A job set of JEDI has the tasks with its number as REQID; one without these and without jobs is
    the task with that number: some submissions print it as that of a job set.
    """
    if target.jeditaskid is not None:
        return Chosen(_tasks(session, TASK.jeditaskid == target.jeditaskid), target)
    if target.jobsetid is None:
        return Chosen((), target)
    is_mine = [TASK.username == target.username] if target.username is not None else []
    found = _tasks(session, TASK.reqid == target.jobsetid, *is_mine)
    if found or has_jobs(session, Chosen((), target)):
        return Chosen(found, target)
    return Chosen(_tasks(session, TASK.jeditaskid == target.jobsetid, *is_mine), target)


def _tasks(session: Transaction, *conditions: ColumnElement[bool]) -> Sequence[Row[Any]]:
    columns = (TASK[name] for name in TASK_COLUMNS)
    return session.execute(select(*columns).where(*conditions).order_by(TASK.jeditaskid)).all()


def has_jobs(session: Transaction, chosen: Chosen) -> bool:
    """Return whether any table has a job of a target."""
    tables = [
        select(job.__table__.c.pandaid).where(chosen.of(job.__table__.c)) for job in JOB_TABLES
    ]
    return session.execute(union_all(*tables).limit(1)).scalar() is not None


def newest(chosen: Chosen, columns: Iterable[str]) -> Subquery:
    """Select the jobs of a target that no later attempt has taken the place of, each once.

    Of a job that is in two tables, as those are that were copied to the archive, the row of the
    earlier one counts.
    """
    names = ("pandaid", *columns)
    rows = [
        select(*(job.__table__.c[name] for name in names), _place(number)).where(
            chosen.of(job.__table__.c)
        )
        for number, job in enumerate(JOB_TABLES)
    ]
    every = union_all(*rows).subquery("every").c
    later = select(HISTORY.newpandaid).where(
        HISTORY.oldpandaid == every.pandaid, HISTORY.relationtype == constant(RETRY)
    )
    return (
        select(*(every[name] for name in names))
        .ext(distinct_on(every.pandaid))
        .where(not_(later.exists()))
        .order_by(every.pandaid, every.place)
        .subquery("newest")
    )


def _place(number: int) -> ColumnElement[Any]:
    return constants([number])[0].label("place")


def live_jobs(session: Transaction, targets: Iterable[Target]) -> list[int]:
    """Return the jobs of targets that have not ended."""
    found: set[int] = set()
    for target in targets:
        chosen = choose(session, target)
        for job in LIVE_TABLES:
            row = job.__table__.c
            found |= {*session.scalars(select(row.pandaid).where(chosen.of(row)))}
    return sorted(found)


def has_ended(job: Columns) -> ColumnElement[bool]:
    """Match jobs in a final state."""
    return or_(*(job["jobstatus"] == state for state in constants(states.FINAL)))
