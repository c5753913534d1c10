"""Cancels of queued jobs: at once if no payload runs, else when its worker has ended it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import false, func, not_, select, update

from pandadb.core.control import locks, notices
from pandadb.core.jobs import advances
from pandadb.core.jobs.effects import COMMAND
from pandadb.core.jobs.ending import kills
from pandadb.core.jobs.ending.kills import KillResult
from pandadb.core.jobs.refusals import explain
from pandadb.core.jobs.states import transitions
from pandadb.core.queue import processes
from pandadb.core.queue.verbs import job_rows, refused
from pandadb.core.sql.expressions import constant, now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.validation import ids
from pandadb.models import JobControl, JobDependency, JobLease, JobsActive4

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Select

    from pandadb.core.jobs.mover import MoveResult
    from pandadb.core.sql.transaction import Transaction

CONTROL, EDGE, JOB = (m.__table__.c for m in (JobControl, JobDependency, JobsActive4))
KILL_CODE = 91
"""PanDA's code for a kill that running jobs of all kinds obey by a command to end."""


@dataclass
class CancelResult:
    """The result of a cancel."""

    jobs: dict[int, str] = field(default_factory=dict)
    """The jobs that have ended, each with its state."""
    asked: list[int] = field(default_factory=list)
    """The running jobs: they end when their workers have ended the payloads."""
    refused: dict[int, str] = field(default_factory=dict)
    """The jobs that could not be cancelled, each with the sentence."""


def cancel(
    session: Transaction, pandaids: Sequence[int], *, by: str, host: str, cascade: bool = False
) -> CancelResult:
    """Cancel jobs: those that run get a command to end. With `cascade` their descendants, too.

    Jobs that a worker has and does not run yet end at once: their lease is lost. So do jobs that
    run in a batch system, with their process, and jobs without a lease.
    Jobs without a control row are PanDA's own and are refused.

    Raises:
        InvalidValue: An id is no whole number, or `by` does not fit its column.
        JobsLocked: See `mover.move`.
    """
    asked = ids(pandaids)
    mine, seen = list[int](), set[int]()
    more = {*(descendants(session, asked) if cascade else asked)}
    while more:
        mine += locks.lock(session, sorted(more))
        seen |= more
        more = {*descendants(session, mine)} - seen if cascade else set()  # added meanwhile
    foreign = {*asked} - {*mine}
    done = CancelResult(refused={job: f"Job {job} is not of a job queue" for job in foreign})
    old = job_rows.archived(session, foreign) if foreign else {}
    done.refused |= {job: refused.archived(job, day).sentence for job, day in old.items()}
    if not mine:
        return done
    killed = _kill(session, mine, by, host)
    done.jobs, done.asked = killed.jobs | killed.merged, killed.told
    given = {job: why.sentence for job, why in killed.refused.items() if job in {*asked}}
    done.refused |= {job: words for job, words in given.items() if job not in done.jobs}
    if done.asked:
        told = update(JobControl.__table__).where(is_among(CONTROL.pandaid, done.asked))
        session.execute(told.values(cancel_requested_at=now(), last_changed=now()))
        notices.wake(session)
    return done


def _kill(session: Transaction, jobs: Sequence[int], by: str, host: str) -> KillResult:
    """Kill jobs: payloads at workers get a command to end, all other jobs end at once."""
    told = {*session.scalars(_with_payload(jobs))}
    processes.cancel(session, [job for job in jobs if job not in told])
    done = KillResult()
    for hard, chosen in (
        (False, [job for job in jobs if job in told]),
        (True, [job for job in jobs if job not in told]),
    ):
        if chosen:
            killed = kills.kill(session, chosen, code=KILL_CODE, by=by, host=host, hard=hard)
            done.add(killed)
            done.told += killed.told
    return done


def _with_payload(jobs: Sequence[int]) -> Select[int]:
    """Select jobs that a worker has, and has not handed to a batch system."""
    lease = JobLease.__table__.c.pandaid
    handed = CONTROL.details.has_key("process")
    mine = select(lease).join(CONTROL.pandaid.table, CONTROL.pandaid == lease)
    return mine.where(is_among(lease, jobs), not_(func.coalesce(handed, false())))


def end(session: Transaction, jobs: Sequence[int], *, host: str) -> MoveResult:
    """End jobs with a command to end, now that their payloads have ended; others are refused.

    Leases and control rows are the caller's: those are ended, these locked.

    Raises:
        JobsLocked: See `mover.move`.
    """
    mine = [*session.scalars(_told(jobs).with_for_update())]
    done = kill_at_once(session, mine, host=host)
    if left := [job for job in jobs if job not in {*mine}]:
        done.refused |= explain(session, transitions("kill"), left)
    return done


def kill_at_once(session: Transaction, jobs: Sequence[int], *, host: str) -> MoveResult:
    """Kill live jobs in any state, without a command to their workers; others are refused.

    Raises:
        JobsLocked: See `mover.move`.
    """
    done = advances.advance(session, "kill", jobs, host=host)
    if running := [job for job in jobs if job in done.refused]:
        hard = advances.advance(session, "kill hard", running, host=host)
        done.add(hard)
    return done


def told(session: Transaction, jobs: Collection[int]) -> set[int]:
    """Return those of the jobs with a command to their workers to end them."""
    return {*session.scalars(_told(jobs))}


def _told(jobs: Collection[int]) -> Select[Any]:
    ends = JOB.commandtopilot == constant(COMMAND)
    return select(JOB.pandaid).where(is_among(JOB.pandaid, jobs), ends).order_by(JOB.pandaid)


def descendants(session: Transaction, jobs: Collection[int]) -> list[int]:
    """Return jobs and all that depend on them, directly or not, in the order of their PandaIDs."""
    first = select(CONTROL.pandaid).where(is_among(CONTROL.pandaid, jobs))
    found = first.cte("found", recursive=True)
    children = select(EDGE.child).join(found, EDGE.parent == found.c.pandaid)
    found = found.union(children)
    return sorted({*jobs, *session.scalars(select(found.c.pandaid))})
