"""The relay of the outbox: each event goes to a sink, at least once, those of a job in order."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pandadb.core.queue.upkeep import outbox
from pandadb.core.queue.upkeep.outbox import (
    MAX_ATTEMPTS,
    OURS_FOR,
    Event,
    EventState,
    KindFilter,
)
from pandadb.core.sql.validation import InvalidValue, check_number, ids
from pandadb.errors import PandaDBError
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from pandadb.database import Database

    Sink = Callable[[Event], None]
    SinkOfMany = Callable[[Sequence[Event]], Collection[int]]

BATCH = 20
"""Events that a relay takes at a time."""
RENEWALS = 6
"""Times that a relay takes the rest of its events anew before they would be lost to another."""
MAX_EVENTS = 100_000


class Undeliverable(PandaDBError):
    """An event that can never be sent: it is given up at once."""


class SinkAway(PandaDBError):
    """Nothing can be sent now, such as without a connection: no event is to blame."""


@dataclass
class SendResult:
    """The result of a relay."""

    sent: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    """Events that are tried again later, each with the error."""
    given_up: dict[int, str] = field(default_factory=dict)
    """Events that are not tried again, each with the error."""
    away: str | None = None
    """The reason why the rest was left: the sink is away."""

    @property
    def number(self) -> int:
        """Return how many events there were."""
        return len(self.sent) + len(self.failed) + len(self.given_up)


def send_events(
    database: Database,
    sink: Sink,
    *,
    limit: int = 1000,
    sink_of_many: SinkOfMany | None = None,
    kinds: Collection[str] = (),
    without: Collection[str] = (),
    max_attempts: int = MAX_ATTEMPTS,
    hold: float = OURS_FOR,
) -> SendResult:
    """Send the events that are due, at most `limit`; any number of processes may do so at once.

    A sink is called with an event, and returns when it has it for good. An error of the sink is
    stored with the event, which is tried again after a pause, or given up after `max_attempts`; an
    `Undeliverable` one at once. After `SinkAway` this event and the rest wait as before. No
    transaction is open meanwhile. A relay that dies has its events for `hold` seconds.

    With `sink_of_many` events of different jobs are sent together: it returns the ids of those that
    it has for good, and raises nothing. The others are handed to `sink`, one by one.

    Raises:
        InvalidValue: A number is beyond its limits.
    """
    check_number("limit", limit, 1, MAX_EVENTS)
    check_number("max_attempts", max_attempts, 1, 1000)
    done = SendResult()
    wanted = KindFilter(kinds, without)
    while done.number < limit and done.away is None:
        size = min(BATCH, limit - done.number)
        taken = partial(outbox.take, limit=size, kinds=wanted, hold=hold)
        events = database.retrying(taken)
        taken_any = bool(events)
        if sink_of_many is not None and len(events) > 1:
            events = _send_together(database, sink_of_many, events, done)
        _send_batch(database, sink, events, done, max_attempts=max_attempts, hold=hold)
        if not taken_any:
            break
    return done


def _send_together(
    database: Database, sink: SinkOfMany, events: Sequence[Event], done: SendResult
) -> list[Event]:
    """Send events at once, and note those that were sent in one transaction; return the rest."""
    known = {*sink(events)}
    sent = [event for event in events if event.event_id in known]
    if sent:
        database.retrying(partial(outbox.note_sent, events=sent))
        done.sent += [event.event_id for event in sent]
    return [event for event in events if event.event_id not in known]


def _send_batch(
    database: Database,
    sink: Sink,
    events: Sequence[Event],
    done: SendResult,
    *,
    max_attempts: int,
    hold: float,
) -> None:
    """Send events until the sink is away; give the rest back then."""
    for place, event in _kept(database, events, hold):
        try:
            _send(database, sink, event, done, max_attempts)
        except SinkAway as error:
            database.retrying(partial(outbox.give_back, events=events[place:]))
            done.away = str(error)
            return


def _kept(database: Database, events: Sequence[Event], hold: float) -> Iterator[tuple[int, Event]]:
    """Yield events that were taken; after slow ones see that the rest is still this relay's."""
    taken, mine = time.monotonic(), {event.event_id for event in events}
    for place, event in enumerate(events):
        if time.monotonic() - taken > hold / RENEWALS:
            rest = events[place:]
            mine = database.retrying(partial(outbox.keep, events=rest, hold=hold))
            taken = time.monotonic()
        if event.event_id in mine:
            yield place, event


def _send(
    database: Database, sink: Sink, event: Event, done: SendResult, max_attempts: int
) -> None:
    """Send an event, and note the outcome in a transaction of its own."""
    try:
        sink(event)
    except SinkAway:
        raise
    except Exception as error:  # noqa: BLE001 - a sink may be anybody's
        why = str(error) or type(error).__name__
        most = 1 if isinstance(error, Undeliverable) else max_attempts
        failed = partial(outbox.note_failed, event=event, error=why, max_attempts=most)
        place = done.given_up if database.retrying(failed) else done.failed
        place[event.event_id] = why
    else:
        database.retrying(partial(outbox.note_sent, events=[event]))
        done.sent.append(event.event_id)


def events(
    database: Database, state: str | None = None, *, limit: int = 100, after: int = 0
) -> list[Event]:
    """Return events of the outbox in their order: those of a state, or all, above a number.

    Raises:
        InvalidValue: There is no such state, or a number is beyond its limits.
    """
    if state not in (None, *EventState):
        known = ", ".join(EventState)
        raise InvalidValue(f"An event is one of {known}, not {state!r}")
    check_number("limit", limit, 1, MAX_EVENTS)
    with database.transaction() as connection:
        wanted = None if state is None else EventState(state)
        return outbox.listed(connection, wanted, limit=limit, after=after)


def send_again(
    database: Database, event_ids: Iterable[int], options: VerbOptions = DEFAULT_OPTIONS
) -> list[int]:
    """Let events that were given up, or wait for an attempt, be sent now; return these.

    Raises:
        InvalidValue: An id is no whole number.
    """
    wanted = ids([*event_ids], "event_id")
    with transaction(database, options) as connection:
        return outbox.try_again(connection, wanted)
