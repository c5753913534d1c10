"""Job sets and tasks of users that have ended lately, without an event so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, not_, or_, select

from pandadb.core.notifications.recipients import wants_mail
from pandadb.core.notifications.targets import FLOW, Target
from pandadb.core.sql.expressions import constants, interval, now
from pandadb.core.tasks.states import ATTEMPT_ENDS
from pandadb.models import JediTasks, JobsArchived4, Outbox, OutboxArch
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

TASK, JOB = JediTasks.__table__.c, JobsArchived4.__table__.c
LABELS = ("user", "panda")
"""PRODSOURCELABEL of jobs with mails to users: a user's job, and one that builds a library."""
TASK_ENDED, JOBSET_ENDED = "task ended", "job set ended"
"""The kinds of the events in OUTBOX."""


def ended(session: Transaction, seconds: float, limit: int) -> list[tuple[Target, int | None]]:
    """Return tasks and job sets that ended in the last seconds and have no event since.

    Those of users that want no mail are left out.

    A job set has the PandaID of its first job: its event is found by that, and archived with it.
    """
    found = [*_tasks(session, seconds, limit), *_jobsets(session, seconds, limit)]
    return found[:limit]


def _tasks(session: Transaction, seconds: float, limit: int) -> Iterator[tuple[Target, None]]:
    event = Outbox.__table__.c
    is_noted = exists().where(
        event.kind == TASK_ENDED,
        event.jeditaskid == TASK.jeditaskid,
        event.pandaid.is_(None),
        event.created_at >= TASK.endtime,
    )
    rows = (
        select(TASK.jeditaskid, TASK.username)
        .where(
            TASK.realmodificationtime >= now() - interval(seconds),
            TASK.endtime >= now() - interval(seconds),
            TASK.status.in_(constants(ATTEMPT_ENDS)),
            TASK.prodsourcelabel.in_(constants(LABELS)),
            wants_mail(TASK.username),
            not_(is_noted),
        )
        .order_by(TASK.jeditaskid)
        .limit(limit)
    )
    for task, user in session.execute(rows):
        yield Target(jeditaskid=task, username=user), None


def _jobsets(session: Transaction, seconds: float, limit: int) -> Iterator[tuple[Target, int]]:
    """Yield job sets of clients that knew no tasks; the others end with their tasks."""
    recent = (
        select(
            JOB.jobsetid,
            JOB.produsername,
            func.min(JOB.pandaid).label("pandaid"),
            func.max(JOB.modificationtime).label("ended"),
        )
        .where(
            JOB.modificationtime >= now() - interval(seconds),
            JOB.prodsourcelabel.in_(constants(LABELS)),
            JOB.jobsetid > 0,
            JOB.produsername.is_not(None),
            or_(JOB.jeditaskid.is_(None), JOB.jeditaskid <= 0, _is_flow()),
        )
        .group_by(JOB.jobsetid, JOB.produsername)
        .subquery("recent")
        .c
    )
    rows = (
        select(recent.jobsetid, recent.produsername, recent.pandaid)
        .where(wants_mail(recent.produsername), *map(not_, _live_or_noted(recent)))
        .order_by(recent.pandaid)
        .limit(limit)
    )
    for jobset, user, pandaid in session.execute(rows):
        yield Target(jobsetid=jobset, username=user), pandaid


def _live_or_noted(recent: Any) -> list[ColumnElement[bool]]:
    """Match job sets that have live jobs, or have had their mail since their end."""
    live = [
        exists().where(
            table.__table__.c.produsername == recent.produsername,
            table.__table__.c.jobsetid == recent.jobsetid,
        )
        for table in LIVE_TABLES
    ]
    noted = [
        exists().where(
            table.__table__.c.pandaid == recent.pandaid,
            table.__table__.c.kind == JOBSET_ENDED,
            table.__table__.c.created_at >= recent.ended,
        )
        for table in (Outbox, OutboxArch)
    ]
    return [*live, *noted]


def _is_flow() -> ColumnElement[Any]:
    """Match jobs of flows of the job queue: these have no end of their own."""
    return exists().where(and_(TASK.jeditaskid == JOB.jeditaskid, TASK.status == FLOW))


def jobset_of(session: Transaction, jeditaskid: int | None) -> int | None:
    """Return the job set of a task of JEDI: its REQID; None if it has none."""
    found = select(TASK.reqid).where(TASK.jeditaskid == jeditaskid, TASK.reqid > 0)
    number: int | None = session.execute(found).scalar()
    return number
