"""Leases that verbs of users take from workers.

A verb waits for them before it locks anything else of its jobs, as their holders do. What a worker
has begun to end since is left to it: it sees that the job has gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobLease

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.sql.transaction import Transaction

LEASE = JobLease.__table__.c


def lock(session: Transaction, jobs: Collection[int], how: Lock = Lock.WAIT) -> None:
    """Lock the leases of jobs; with SKIP those that others have locked are left.

    Raises:
        JobsLocked: The session's `lock_timeout` has passed.
    """
    rows = select(LEASE.pandaid).where(is_among(LEASE.pandaid, jobs)).order_by(LEASE.pandaid)
    with refusing_to_wait():
        session.execute(rows.with_for_update(skip_locked=how is Lock.SKIP)).all()


def end(session: Transaction, jobs: Collection[int]) -> None:
    """End the leases of jobs that have left their workers; no lock is waited for."""
    free = select(LEASE.pandaid).where(is_among(LEASE.pandaid, jobs))
    mine = [*session.scalars(free.with_for_update(skip_locked=True))]
    session.execute(delete(JobLease.__table__).where(is_among(LEASE.pandaid, mine)))
