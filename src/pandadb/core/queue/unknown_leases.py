"""Leases that a worker has without its knowledge: of claims with a commit that had no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.queue.ending import ends
from pandadb.core.queue.ending.end_results import EndResult
from pandadb.core.queue.leases import Lease
from pandadb.models import JobLease

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.sql.transaction import Transaction

LEASE = JobLease.__table__.c


def give_back_unknown(
    session: Transaction, owner: str, known: Collection[int], *, host: str
) -> EndResult:
    """Give back the jobs of a worker but those with tokens that it knows.

    Raises:
        JobsLocked: See `mover.move`.
    """
    rows = session.execute(
        select(LEASE.pandaid, LEASE.token, LEASE.until)
        .where(LEASE.owner == owner)
        .order_by(LEASE.pandaid)
    )
    unknown = [
        Lease(row.pandaid, row.token, row.until, owner, "", "none", 1, 1, "", None, None)
        for row in rows
        if row.token not in known
    ]
    return ends.give_back(session, unknown, host=host) if unknown else EndResult()
