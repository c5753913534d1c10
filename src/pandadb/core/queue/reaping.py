"""Jobs with expired leases: tried again, cancelled or failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import delete, not_, select

from pandadb.core.control import locks
from pandadb.core.jobs import advances
from pandadb.core.jobs.effects import NO_END_COMMAND
from pandadb.core.queue import cancels, leases, processes, requeues
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl, JobLease, JobsActive4

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.sql.transaction import Transaction

LEASE, CONTROL, JOB = (m.__table__.c for m in (JobLease, JobControl, JobsActive4))
LOST_HEARTBEAT = 100
"""The `jobdispatchererrorcode` of PanDA's server for a lost heartbeat."""


@dataclass
class ReapResult:
    """Jobs with expired leases, by their new states."""

    requeued: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    leases: int = 0
    """Leases that have ended, also those of jobs that had gone or are refused."""

    kept: int = 0
    """Leases of jobs that could not be moved: they are looked at again."""

    @property
    def number(self) -> int:
        """Return how many there were."""
        return len(self.requeued) + len(self.failed) + len(self.cancelled)


def reap(session: Transaction, *, host: str, limit: int = 1000) -> ReapResult:
    """End expired leases, and send their jobs back to their queues.

    A job that was to be cancelled is, and one without an attempt left fails. Jobs that another
    transaction has locked are left: it may belong to a process that does not go on. Processes of
    the jobs in a batch system are cancelled, so that no two attempts run.

    Raises:
        JobsLocked: See `mover.move`.
    """
    expired = (
        select(LEASE.pandaid)
        .join(CONTROL.pandaid.table, CONTROL.pandaid == LEASE.pandaid)
        .where(LEASE.until < now())
        .order_by(LEASE.pandaid)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    jobs = locks.lock(session, [*session.scalars(expired)], Lock.SKIP)
    if not jobs:
        return ReapResult()
    done = take_back(session, jobs, host=host)
    moved = [*done.requeued, *done.failed, *done.cancelled]
    session.execute(delete(JobLease.__table__).where(is_among(LEASE.pandaid, moved)))
    gone = leases.end_lost(session, {*jobs} - {*moved})
    done.kept = len(jobs) - len(moved) - len(gone)
    return done


def take_back(session: Transaction, jobs: Collection[int], *, host: str) -> ReapResult:
    """Send jobs back to their queues that their workers have lost, or cancel or fail them.

    Control rows are the caller's: they are locked. Jobs that cannot be moved stay as they are.

    Raises:
        JobsLocked: See `mover.move`.
    """
    told = not_(NO_END_COMMAND.of(JOB))
    rows = session.execute(
        select(JOB.pandaid, JOB.attemptnr, JOB.maxattempt, told.label("told")).where(
            is_among(JOB.pandaid, jobs)
        )
    ).all()
    events = processes.of_jobs(session, [row.pandaid for row in rows])
    cancelled = [row.pandaid for row in rows if row.told]
    again = {
        row.pandaid: row.attemptnr
        for row in rows
        if not row.told and row.attemptnr < row.maxattempt
    }
    others = [row.pandaid for row in rows if not row.told and row.pandaid not in again]
    done = ReapResult(
        leases=len(jobs),
        requeued=[*_requeue(session, again, host)],
        cancelled=[*cancels.end(session, cancelled, host=host).jobs] if cancelled else [],
        failed=[*_fail(session, others, host)] if others else [],
    )
    moved = {*done.requeued, *done.cancelled, *done.failed}
    processes.announce(session, {job: one for job, one in events.items() if job in moved})
    return done


def _requeue(session: Transaction, again: dict[int, int], host: str) -> dict[int, str]:
    if not again:
        return {}
    pauses = requeues.pauses_of(session, again)
    return requeues.requeue(session, pauses, host=host, values=_errors()).jobs


def _fail(session: Transaction, jobs: list[int], host: str) -> dict[int, str]:
    return advances.advance(session, "fail", jobs, host=host, values=_errors()).jobs


def _errors() -> dict[str, object]:
    return {
        "jobdispatchererrorcode": LOST_HEARTBEAT,
        "jobdispatchererrordiag": "the worker was not heard of until its lease expired",
    }
