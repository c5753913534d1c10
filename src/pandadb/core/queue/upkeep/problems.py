"""Problems of job queues that need a person: no workers, expired leases, events that stay."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pandadb.core.queue.upkeep import summaries
from pandadb.core.queue.upkeep.outbox import EVENT, MATCHES, EventState
from pandadb.core.sql.expressions import now
from pandadb.models import JobLease

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

LEASE = JobLease.__table__.c
UNATTENDED = 3600.0
"""Seconds that jobs may be ready in a queue without a worker."""
EXPIRED = timedelta(minutes=10)
"""How long a lease may be over before somebody has to look: workers end it within seconds."""
UNSENT = timedelta(hours=6)
"""How long an event may wait: longer than all its attempts take."""


def problems(session: Transaction) -> list[str]:
    """Return a sentence for each problem, with the remedy."""
    return [*_unattended(session), *_expired(session), *_events(session)]


def _unattended(session: Transaction) -> list[str]:
    return [
        f"Queue {one.queue} has {one.ready:,} jobs that are ready, the oldest for "
        f"{one.age / 3600:,.1f} hours, and no worker: pandadb worker run --queue {one.queue}"
        for one in summaries.queues(session)
        if one.age is not None and one.age > UNATTENDED and not one.workers
    ]


def _expired(session: Transaction) -> list[str]:
    number = session.execute(select(func.count()).where(LEASE.until < now() - EXPIRED)).scalar()
    return [f"{number:,} leases have expired: pandadb queue reap"] if number else []


def _events(session: Transaction) -> list[str]:
    counts = [
        func.count().filter(*MATCHES[EventState.GIVEN_UP]),
        func.count().filter(*MATCHES[EventState.WAITING], EVENT.created_at < now() - UNSENT),
    ]
    row = session.execute(select(*counts).where(EVENT.sent_at.is_(None))).one()
    found = zip(row, ("were given up", "wait to be sent for hours"), strict=True)
    return [f"{number:,} events {words}: pandadb queue outbox list" for number, words in found
            if number]  # fmt: skip
