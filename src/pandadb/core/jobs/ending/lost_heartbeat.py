"""Jobs without heartbeats are failed, as by the Watcher of PanDA's server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, exists, false, func, not_, or_, update

from pandadb.core.events.kinds import JobKind
from pandadb.core.events.special_handling import EVENT_SERVICE
from pandadb.core.events.states import EventStatus
from pandadb.core.jobs import advances
from pandadb.core.jobs.effects import IS_CLONE, has_tag
from pandadb.core.jobs.ending.diagnostics import sentence
from pandadb.core.jobs.ending.kills import KillResult
from pandadb.core.jobs.files import file_accounting
from pandadb.core.jobs.refusals import explain
from pandadb.core.jobs.states import transitions
from pandadb.core.sql.id_arrays import by_id
from pandadb.core.sql.transaction import Lock
from pandadb.models import HarvesterRelJobsWorkers, HarvesterWorkers, JediEvents, JobsActive4
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

FINAL_WORKERS = ("finished", "failed", "cancelled", "missed")
RECOVERY_FAILED = 101
"""The `jobdispatchererrorcode` of a job that ended with an error, and was not recovered."""
NOT_RECOVERED = "It ended with an error and was not recovered: {state}, last heard of at {since}"
NO_EVENT = "es_heartbeat"
"""The `jobsubstatus` of a silent job that took ranges of events, and has finished none."""
WORKER_DONE = 2
"""The `superrorcode` of a job whose worker had ended before it."""


def give_up(
    session: Transaction, pandaids: Sequence[int], *, code: int, diag: str, host: str
) -> KillResult:
    """Fail jobs of JOBSACTIVE4, with a code and a message of the dispatcher.

    Jobs with an error of the pilot or payload were to be recovered and get another code, except
    those that no pilot has reported on. The `endtime` of jobs without one is their last heartbeat.
    The caller has locked the jobs and checked that they are due.
    """
    job = JobsActive4.__table__.c
    ended = or_(job.endtime.is_(None), job.endtime == EPOCH)
    lost = and_(
        job.jobstatus != "sent", or_(_is_said(job.piloterrordiag), _is_said(job.exeerrordiag))
    )
    done = and_(not_(lost), _has_final_worker())
    reason, unrecovered = (
        sentence(words, job, "jobdispatchererrordiag", since="modificationtime")
        for words in (diag, NOT_RECOVERED)
    )
    values = {
        "jobdispatchererrorcode": case((lost, RECOVERY_FAILED), else_=code),
        "jobdispatchererrordiag": case((lost, unrecovered), else_=reason),
        "endtime": case((ended, job.modificationtime), else_=job.endtime),
        "superrorcode": case((done, WORKER_DONE), else_=job.superrorcode),
        "superrordiag": case((done, "Its worker had ended before"), else_=job.superrordiag),
    }
    values["jobsubstatus"] = case((_took_no_event(), NO_EVENT), else_=job.jobsubstatus)
    free = file_accounting.lock(session, pandaids, Lock.SKIP)
    marked = update(JobsActive4.__table__).where(by_id(JobsActive4)).values(values)
    session.execute(marked, {"pandaids": free})
    moved = advances.advance(session, "fail", free, host=host, lock=Lock.SKIP)
    busy = [*{*pandaids} - {*free}]
    refused = explain(session, transitions("fail"), busy) if busy else {}
    return KillResult(moved.jobs, moved.refused | refused, before=moved.before)


def _took_no_event() -> ColumnElement[bool]:
    job, event = JobsActive4.__table__.c, JediEvents.__table__.c
    has_finished = exists().where(
        event.jeditaskid == job.jeditaskid,
        event.pandaid == job.pandaid,
        event.status == EventStatus.FINISHED,
    )
    takes = and_(
        func.coalesce(has_tag(job, EVENT_SERVICE), false()),
        func.coalesce(job.eventservice, 0) != JobKind.FINE_GRAINED,
        not_(func.coalesce(IS_CLONE.of(job), false())),
    )
    return and_(takes, not_(has_finished))


def _is_said(diag: Any) -> ColumnElement[bool]:
    return func.coalesce(diag, "") != ""


def _has_final_worker() -> ColumnElement[bool]:
    relation, worker = HarvesterRelJobsWorkers, HarvesterWorkers
    return exists().where(
        relation.pandaid == JobsActive4.pandaid,
        worker.harvesterid == relation.harvesterid,
        worker.workerid == relation.workerid,
        worker.status.in_(FINAL_WORKERS),
    )
