"""Events of the outbox: taken for a while, then sent, tried again or given up.

An event is sent at least once: a relay that dies after sending leaves it to the next one, so that
receivers have to know a repetition by its `dedupe_id`. The events of a job leave in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, or_, select, tuple_, update

from pandadb.core.sql.expressions import interval, now
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import Outbox

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Update

    from pandadb.core.sql.transaction import Transaction

EVENT = Outbox.__table__.c
OURS_FOR = 300.0
"""Seconds that events are a relay's: then it counts as dead, and another takes them."""
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 3600.0
"""Seconds before the second attempt, doubled after each, and at most."""
MAX_ATTEMPTS = 12
"""Attempts before an event is given up: with these pauses after some four hours."""
MAX_ERROR = 2000
"""Characters of an error that are kept."""


class EventState(StrEnum):
    """The state of an event."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given up"


@dataclass(frozen=True)
class Event:
    """An event of the outbox; times are naive UTC."""

    event_id: int
    created_at: datetime
    kind: str
    pandaid: int | None
    jeditaskid: int | None
    payload: Any
    attempts: int
    """How often sending it was begun."""
    retry_after: datetime | None
    sent_at: datetime | None
    last_error: str | None
    given_up_at: datetime | None

    @property
    def state(self) -> EventState:
        """Return its state."""
        if self.sent_at is not None:
            return EventState.SENT
        return EventState.WAITING if self.given_up_at is None else EventState.GIVEN_UP

    @property
    def dedupe_id(self) -> str:
        """Return an id that all attempts to send it have in common, and no other event has."""
        return f"pandadb-{self.event_id}-{self.created_at:%Y%m%d%H%M%S%f}"


COLUMNS = [EVENT[name] for name in Event.__dataclass_fields__]
MATCHES: dict[EventState, list[ColumnElement[bool]]] = {
    EventState.WAITING: [EVENT.sent_at.is_(None), EVENT.given_up_at.is_(None)],
    EventState.SENT: [EVENT.sent_at.is_not(None)],
    EventState.GIVEN_UP: [EVENT.sent_at.is_(None), EVENT.given_up_at.is_not(None)],
}


@dataclass(frozen=True)
class KindFilter:
    """Kinds of events: those of a list, or all but others."""

    only: Collection[str] = ()
    """Kinds; all if there are none."""
    without: Collection[str] = ()

    def matches(self, kind: ColumnElement[str]) -> list[ColumnElement[bool]]:
        """Return the conditions on a column."""
        return [
            *([kind.in_([*self.only])] if self.only else []),
            *([kind.not_in([*self.without])] if self.without else []),
        ]


ALL_KINDS = KindFilter()


def take(
    session: Transaction, limit: int, kinds: KindFilter = ALL_KINDS, hold: float = OURS_FOR
) -> list[Event]:
    """Take the next events that are due, the oldest first; at most one of each job.

    Events that another transaction takes are left to it. They are this relay's for `hold` seconds.
    The attempt is counted now, so that one that kills its relay is not repeated for ever.
    """
    earlier = Outbox.__table__.alias("earlier")
    comes_later = exists().where(
        earlier.c.pandaid == EVENT.pandaid,
        earlier.c.event_id < EVENT.event_id,
        earlier.c.sent_at.is_(None),
        earlier.c.given_up_at.is_(None),
        *kinds.matches(earlier.c.kind),
    )
    due = (
        select(EVENT.event_id)
        .where(
            *MATCHES[EventState.WAITING],
            or_(EVENT.retry_after.is_(None), EVENT.retry_after <= now()),
            *kinds.matches(EVENT.kind),
            ~comes_later,
        )
        .order_by(EVENT.event_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(Outbox.__table__)
        .where(EVENT.event_id.in_(due))
        .values(attempts=EVENT.attempts + 1, retry_after=_after(hold))
        .returning(*COLUMNS)
    )
    return sorted((Event(*row) for row in session.execute(taken)), key=lambda one: one.event_id)


def _after(seconds: float) -> ColumnElement[Any]:
    return now() + interval(seconds)


def keep(session: Transaction, events: Collection[Event], hold: float = OURS_FOR) -> set[int]:
    """Keep taken events from now on; return those that no other relay has taken meanwhile."""
    later = _mine(events).values(retry_after=_after(hold)).returning(EVENT.event_id)
    return {*session.scalars(later)}


def give_back(session: Transaction, events: Collection[Event]) -> None:
    """Let taken events wait as before; those that another relay has taken meanwhile are its own."""
    before = {"attempts": EVENT.attempts - 1, "retry_after": None}
    session.execute(_mine(events).values(before))


def _mine(events: Collection[Event]) -> Update:
    """Return the update of events that were taken, and that no other relay has taken since."""
    mine = tuple_(EVENT.event_id, EVENT.attempts).in_(
        [(one.event_id, one.attempts) for one in events]
    )
    return update(Outbox.__table__).where(mine, *MATCHES[EventState.WAITING])


def note_sent(session: Transaction, events: Collection[Event]) -> None:
    """Note that events were sent."""
    sent = update(Outbox.__table__).where(is_among(EVENT.event_id, [e.event_id for e in events]))
    session.execute(sent.values(sent_at=now(), retry_after=None, last_error=None))


def note_failed(
    session: Transaction, event: Event, error: str, *, max_attempts: int = MAX_ATTEMPTS
) -> bool:
    """Note that an attempt has failed; return whether the event is given up.

    An event that another relay has taken meanwhile is that one's.
    """
    gives_up = event.attempts >= max_attempts
    pause = min(FIRST_PAUSE * 2 ** min(event.attempts - 1, 30), LONGEST_PAUSE)
    failed = update(Outbox.__table__).where(
        EVENT.event_id == event.event_id,
        EVENT.attempts == event.attempts,
        *MATCHES[EventState.WAITING],
    )
    ends = {"given_up_at": now(), "retry_after": None} if gives_up else {}
    values = {"last_error": _in_line(error), "retry_after": _after(pause), **ends}
    session.execute(failed.values(values))
    return gives_up


def _in_line(error: str) -> str:
    return " ".join(error.replace("\0", " ").split())[:MAX_ERROR]


def try_again(session: Transaction, event_ids: Collection[int]) -> list[int]:
    """Let unsent events be sent now, also those that were given up; return them."""
    again = update(Outbox.__table__).where(
        EVENT.event_id.in_([*event_ids]), EVENT.sent_at.is_(None)
    )
    fresh = again.values(attempts=0, retry_after=None, given_up_at=None)
    return sorted(session.scalars(fresh.returning(EVENT.event_id)))


def listed(
    session: Transaction, state: EventState | None = None, *, limit: int = 100, after: int = 0
) -> list[Event]:
    """Return events with numbers above one, in their order."""
    rows = select(*COLUMNS).where(EVENT.event_id > after, *(MATCHES[state] if state else []))
    return [Event(*row) for row in session.execute(rows.order_by(EVENT.event_id).limit(limit))]
