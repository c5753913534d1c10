"""The relay: events of the outbox go to the broker, at least once, those of a job in order."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from pandadb.gateway.broker.addresses import path_of
from pandadb.gateway.broker.backoff import connected
from pandadb.gateway.broker.frames import BrokerLost
from pandadb.gateway.broker.log import fields
from pandadb.services import gateway, queue
from pandadb.worker.reconnects import first_line, is_passing, pause_after

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

    from pandadb.database import Database
    from pandadb.gateway.broker.activity import Activity
    from pandadb.gateway.broker.connection import BrokerConnection
    from pandadb.gateway.settings import GatewaySettings
    from pandadb.services.queue import Event

logger = logging.getLogger("pandadb.gateway")
JITTER = random.Random()  # noqa: S311
POLL = 2.0
"""Seconds between two looks for events, if no notice comes."""
BATCH = 20
"""Events between two looks whether the process is to end."""
HOLD = 30.0
"""Seconds until the events of a relay that was killed are another's; a broker has half of that."""
MAX_ATTEMPTS = 1000
"""Attempts before an event is given up; those without a broker do not count."""
MAX_LOSSES = 3
"""Connections that may be lost while an event is sent, until that counts as an attempt."""
DEDUPE_HEADER = "dedupe-id"
"""Header that all attempts to send an event have in common, and no other event has."""


class Relay:
    """Sends events until `end` is set; survives the broker and the database."""

    def __init__(
        self,
        database: Database,
        settings: GatewaySettings,
        end: threading.Event,
        wake: threading.Event,
        activity: Activity,
    ) -> None:
        self._database, self._settings = database, settings
        self._end, self._wake, self._activity = end, wake, activity
        self._losses: Counter[int] = Counter()
        self._is_alone = False
        """Whether events are sent one by one, as the connection was lost by one of several."""

    def run(self) -> None:
        """Connect, and send events; connect again when the connection is lost."""
        while not self._end.is_set():
            connection = connected(self._settings.broker, self._end)
            if connection is None:
                return
            try:
                self._relay(connection)
            except BrokerLost as error:
                logger.warning("Events wait: %s", error, extra=fields("broker lost"))
            finally:
                connection.close()

    def _relay(self, connection: BrokerConnection) -> None:
        failures = 0
        while not self._end.is_set():
            self._wake.clear()  # a notice from now on is of an event that may not be seen
            try:
                number = self._send_due(connection)
                failures = 0
            except Exception as error:
                if isinstance(error, BrokerLost):
                    raise
                failures += 1
                if failures == 1 or not is_passing(error):
                    logger.warning(
                        "Events wait: %s", first_line(error),
                        exc_info=None if is_passing(error) else error, extra=fields("no database"),
                    )  # fmt: skip
                self._end.wait(pause_after(failures))
                number = 1
            connection.refuse_lost()
            if not number:
                self._wake.wait(POLL * JITTER.uniform(0.75, 1.25))

    def _send_due(self, connection: BrokerConnection) -> int:
        """Send some events; return how many there were.

        Raises:
            BrokerLost: The connection is lost: the events wait.
        """

        def sink(event: Event) -> None:
            self._send(connection, event)
            self._activity.sent += 1
            _log(event)

        done = queue.send_events(
            self._database, sink, limit=BATCH, kinds=gateway.EVENT_KINDS,
            max_attempts=MAX_ATTEMPTS, hold=HOLD,
            sink_of_many=None if self._is_alone else partial(self._send_all, connection),
        )  # fmt: skip
        for event, why in {**done.failed, **done.given_up}.items():
            logger.warning("Event %s: %s", event, why, extra=fields("not sent", event_id=event))
        if done.away:
            raise BrokerLost(done.away)
        self._is_alone = self._is_alone and not done.number
        return done.number

    def _send_all(self, connection: BrokerConnection, events: Sequence[Event]) -> list[int]:
        """Send events together; return those that the broker has confirmed.

        If it does not confirm all, the next ones are sent one by one, to see which one is to blame.
        """
        frames = [*_frames(events)]
        confirmed = connection.send_all([frame for _, frame in frames])
        self._is_alone = not all(confirmed)
        sent = [event for (event, _), is_sent in zip(frames, confirmed, strict=True) if is_sent]
        for event in sent:
            self._activity.sent += 1
            _log(event)
        return [event.event_id for event in sent]

    def _send(self, connection: BrokerConnection, event: Event) -> None:
        """Send an event, and return when the broker has confirmed it.

        A broker may end the connection because of an event, without a reason: after some losses
        in a row the event is to blame.

        Raises:
            SinkAway: The connection is lost.
            BrokerLost: The broker does not take the event.
            Undeliverable: The event is none of a gateway.
        """
        frame = _frame(event)
        if connection.is_lost:
            raise queue.SinkAway("the connection to the broker is lost")
        try:
            connection.send(*frame)
        except BrokerLost as error:
            self._losses[event.event_id] += 1
            if not connection.has_refused and self._losses[event.event_id] < MAX_LOSSES:
                raise queue.SinkAway(str(error)) from error
            del self._losses[event.event_id]
            raise
        self._losses.pop(event.event_id, None)


def _frames(events: Sequence[Event]) -> Iterator[tuple[Event, tuple[str, bytes, dict[str, str]]]]:
    """Yield events that can be sent, each with its frame."""
    for event in events:
        with suppress(queue.Undeliverable):
            yield event, _frame(event)


def _frame(event: Event) -> tuple[str, bytes, dict[str, str]]:
    """Return destination, body and headers of an event.

    Raises:
        Undeliverable: The event is none of a gateway.
    """
    try:
        payload = event.payload
        headers = {str(name): str(value) for name, value in (payload["headers"] or {}).items()}
        body = json.dumps(payload["body"], ensure_ascii=False).encode()
        headers[DEDUPE_HEADER] = event.dedupe_id
        return path_of(payload["destination"]), body, headers
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise queue.Undeliverable(f"The event has no {error}") from error


def _log(event: Event) -> None:
    destination = event.payload["destination"]
    logger.info(
        "Event %s: to %s%s", event.event_id, destination,
        f", job {event.pandaid}" if event.pandaid else "",
        extra=fields(
            "sent", event_id=event.event_id, destination=destination, pandaid=event.pandaid,
            kind=event.kind,
        ),
    )  # fmt: skip
