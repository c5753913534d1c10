"""Backlogs of leases and of events, for monitors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Float, func, select

from pandadb.core.sql.expressions import now
from pandadb.models import JobLease, Outbox

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

LEASE, EVENT = JobLease.__table__.c, Outbox.__table__.c


@dataclass(frozen=True)
class Backlog:
    """Leases and events that wait; ages are seconds, None if there is nothing."""

    leases: int
    expired: int
    """Leases without a heartbeat: the next reaper takes their jobs back."""
    overdue: float | None
    """Seconds since the first of them expired."""
    events: int
    """Events of the outbox that wait to be sent."""
    event_age: float | None
    given_up: int
    """Events that are not sent any more."""


def read(session: Transaction) -> Backlog:
    """Return the backlogs: one statement for leases, one for events that are not sent."""
    is_expired = LEASE.until < now()
    leases = select(
        func.count(),
        func.count().filter(is_expired),
        _seconds_since(func.min(LEASE.until), is_expired),
    )
    waits = EVENT.given_up_at.is_(None)
    events = select(
        func.count().filter(waits),
        _seconds_since(func.min(EVENT.created_at), waits),
        func.count().filter(~waits),
    ).where(EVENT.sent_at.is_(None))
    return Backlog(*session.execute(leases).one(), *session.execute(events).one())


def _seconds_since(earliest: Any, which: ColumnElement[bool]) -> ColumnElement[float]:
    """Return the seconds since the earliest time of some rows."""
    return func.extract("epoch", now() - earliest.filter(which)).cast(Float)
