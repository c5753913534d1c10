"""Connections that are tried again, with growing pauses, until a broker answers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import tenacity

from pandadb.gateway.broker.connection import BrokerConnection
from pandadb.gateway.broker.frames import BrokerLost
from pandadb.gateway.broker.log import fields

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable

    from pandadb.gateway.settings import Broker

logger = logging.getLogger("pandadb.gateway")
LOUD = 10
"""Of the attempts that fail, the first and every tenth are logged."""


def connected(
    settings: Broker, end: threading.Event, destinations: Iterable[str] = ()
) -> BrokerConnection | None:
    """Return a connection that hears of destinations; None if the process is to end.

    Raises:
        InvalidInput: An address, or the file of the password, cannot be used.
        StompMissing: The library is not installed.
    """

    def attempt() -> BrokerConnection:
        connection = BrokerConnection(settings)
        try:
            connection.connect()
            for one in destinations:
                connection.subscribe(one)
        except BrokerLost:
            connection.abort()
            raise
        return connection

    first, longest = settings.reconnect_after, settings.reconnect_limit
    pauses = tenacity.wait_exponential(multiplier=first, max=longest)
    attempts = tenacity.Retrying(
        wait=pauses + tenacity.wait_random(0, first),
        retry=tenacity.retry_if_exception_type(BrokerLost),
        stop=tenacity.stop_when_event_set(end),
        sleep=tenacity.sleep_using_event(end),
        before_sleep=_log,
        retry_error_callback=lambda _: None,
    )
    if end.is_set():
        return None
    found: BrokerConnection | None = attempts(attempt)
    return found


def _log(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    if state.attempt_number % LOUD == 1:
        logger.warning(
            "%s; it is tried again", error, extra=fields("no broker", attempt=state.attempt_number)
        )
