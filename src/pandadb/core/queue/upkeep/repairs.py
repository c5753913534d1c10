"""Jobs of queues that others have moved: a panda-server that knows nothing of queues, or hands.

The mover notes the end of a job with its children, its group and the outbox in the transaction of
the end. Where another program moves the job, a repair does the same later. It changes nothing that
is in order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.control import followers, groups, locks
from pandadb.core.jobs import advances, states
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.jobs.mover import move
from pandadb.core.jobs.search import lookup
from pandadb.core.queue import reaping, workers
from pandadb.core.queue.upkeep import disorder
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pandadb.core.sql.transaction import Transaction

JOB = JobsActive4.__table__.c
LOST = "closed"
"""The state of a parent that no table has any more."""


REPAIRS = {
    "ended": "ends that were not noted",
    "leases": "leases without a worker",
    "orphans": "jobs that workers have lost",
    "left_groups": "members of groups that cannot run",
    "joined_groups": "jobs without a place in their group",
    "moved": "jobs that go on, wait or end since",
    "left_over": "control rows left to the archive",
    "workers": "workers that ended long ago",
}
"""Sentences about the rows of a repair, by its fields."""


@dataclass
class RepairResult:
    """What a repair has found and put in order, by PandaID."""

    ended: dict[int, str] = field(default_factory=dict)
    """Jobs whose end was unknown to their children, group or events, each with its state."""
    leases: list[int] = field(default_factory=list)
    """Jobs that no worker has any more: their leases are deleted."""
    orphans: list[int] = field(default_factory=list)
    """Jobs that their workers have lost without a trace: tried again, cancelled or failed."""
    left_groups: list[int] = field(default_factory=list)
    """Jobs that cannot run, and have left their groups."""
    joined_groups: list[int] = field(default_factory=list)
    """Jobs that could run without a place in their groups: those without one are throttled now."""
    moved: dict[int, str] = field(default_factory=dict)
    """Jobs that go on, wait or are given up since, each with its state."""
    left_over: list[int] = field(default_factory=list)
    """Jobs with a control row that no table before the archive has: `archive run` takes the row."""
    workers: list[str] = field(default_factory=list)
    """Workers that ended or were killed long ago: their rows are deleted."""

    @property
    def number(self) -> int:
        """Return how many rows were out of order; those left to the archive do not count."""
        found = (self.ended, self.leases, self.orphans, self.left_groups, self.joined_groups)
        return sum(map(len, (*found, self.moved, self.workers)))


def repair(session: Transaction, *, host: str, limit: int = 1000) -> RepairResult:
    """Put the rows of the job queue in order, at most `limit` jobs of a kind; it is idempotent.

    Raises:
        JobsLocked: See `mover.move`.
    """
    done = RepairResult()
    done.leases = disorder.end_leases(session)
    _note_ends(session, done, host, limit)
    if lost := _locked(session, disorder.orphans, limit):
        taken = reaping.take_back(session, lost, host=host)
        done.orphans = sorted([*taken.requeued, *taken.failed, *taken.cancelled])
    done.left_groups = _locked(session, disorder.absent_members, limit)
    freed = groups.leave(session, done.left_groups)
    done.moved |= queued_jobs.go_on(session, [], freed, host=host)
    _join_groups(session, done, host, limit)
    ready = _locked(session, disorder.ready, limit)
    done.moved |= queued_jobs.go_on(session, ready, host=host)
    done.left_over = disorder.left_over(session, limit)
    done.workers = workers.forget(session, limit)
    return done


def _locked(
    session: Transaction, find: Callable[[Transaction, int], list[int]], limit: int
) -> list[int]:
    """Find jobs, and lock them; return those that are as found when they are locked."""
    jobs = find(session, limit)
    if not jobs:
        return []
    locks.lock(session, jobs)
    again = {*find(session, limit)}
    return [job for job in jobs if job in again]


def _note_ends(session: Transaction, done: RepairResult, host: str, limit: int) -> None:
    jobs = _locked(session, disorder.unnoted_ends, limit)
    if not jobs:
        return
    done.ended = _ends(session, jobs)
    then = followers.end(session, done.ended)
    done.moved |= queued_jobs.go_on(session, then.ready, then.groups, host=host)
    if then.closing:
        closed = advances.advance(session, "close", then.closing, host=host)
        done.moved |= closed.jobs | closed.merged


def _ends(session: Transaction, jobs: Collection[int]) -> dict[int, str]:
    """Return the states in which jobs have ended; those of jobs that are nowhere, too."""
    rows = lookup.rows(session, jobs, lambda table: select(table.pandaid, table.jobstatus))
    return {job: str(rows[job].jobstatus) if job in rows else LOST for job in jobs}


def _join_groups(session: Transaction, done: RepairResult, host: str, limit: int) -> None:
    """Give jobs a place in their groups: those that run first, then by priority and age."""
    done.joined_groups = jobs = _locked(session, disorder.strangers, limit)
    if not jobs:
        return
    joined = groups.join(session, jobs)
    disorder.admit_running(session, jobs)
    done.moved |= queued_jobs.go_on(session, [], joined, host=host)
    waiting = groups.waiting(session, jobs)
    rows = select(JOB.pandaid).where(is_among(JOB.pandaid, waiting), JOB.jobstatus == "activated")
    if early := sorted(session.scalars(rows)):
        steps = states.transitions("throttle")
        done.moved |= move(session, steps, early, host=host)[0].jobs
