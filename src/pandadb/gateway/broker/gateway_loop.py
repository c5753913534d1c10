"""A gateway: messages in, events out, signs of life, until it is stopped."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from typing import TYPE_CHECKING

from pandadb.gateway.broker.activity import Activity
from pandadb.gateway.broker.consumer import Consumer
from pandadb.gateway.broker.log import fields
from pandadb.gateway.broker.relay import Relay
from pandadb.gateway.intake import receive_all
from pandadb.services import gateway
from pandadb.worker.listener import Listener
from pandadb.worker.reconnects import first_line, is_passing

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database
    from pandadb.gateway.broker.consumer import Receive
    from pandadb.gateway.settings import GatewaySettings

logger = logging.getLogger("pandadb.gateway")
SIGN = 5.0
"""Seconds between two signs of life."""
HOUR = 3600.0
LAST_WAIT = 20.0
"""Seconds that the last message and the last event have."""


def new_gateway_id() -> str:
    """Return an id for this process that no other gateway has."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}:{secrets.token_hex(4)}"


class GatewayLoop:
    """A gateway: `run` returns when it was stopped, and has ended."""

    def __init__(
        self,
        database: Database,
        settings: GatewaySettings,
        *,
        listen: bool = True,
        receive: Receive = receive_all,
    ) -> None:
        self.gateway_id = new_gateway_id()
        self.activity = Activity()
        self._database, self._settings = database, settings
        self._end, self._wake = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._consumer = Consumer(database, settings, receive, self._end, self.activity)
        self._relay = Relay(database, settings, self._end, self._wake, self.activity)
        self._listener = Listener(database, self._wake.set, gateway.CHANNEL) if listen else None

    def stop(self) -> None:
        """End when the message at hand is acknowledged, and the event at hand confirmed."""
        self._end.set()
        self._wake.set()
        self.activity.changed.set()

    def run(self) -> None:
        """Work until `stop`.

        Raises:
            InvalidInput: An address, or the file of the password, cannot be used.
            StompMissing: The library is not installed.
            DatabaseUnreachable: The database does not answer at the start; later it is waited for.
        """
        gateway.register(self._database, self.gateway_id, self._settings.source)
        parts = {"consumer": self._consumer.run, "relay": self._relay.run, "signs": self._sign}
        threads = [
            threading.Thread(target=self._guarded, args=(run,), name=name, daemon=True)
            for name, run in parts.items()
        ]
        for thread in threads:
            thread.start()
        if self._listener:
            self._listener.start()
        try:
            self._end.wait()
        finally:
            self.stop()
            for thread in threads:
                thread.join(LAST_WAIT)
            if self._listener:
                self._listener.end()
            self._sign_off()
        if self._error is not None:
            raise self._error

    def _guarded(self, run: Callable[[], None]) -> None:
        """Run a part; an error that it does not survive ends the gateway."""
        try:
            run()
        except BaseException as error:  # noqa: BLE001 - raised by `run`
            self._error = self._error or error
            self.stop()

    def _sign(self) -> None:
        """Note signs of life, and forget old messages each hour; a lost one costs nothing."""
        forgotten = time.monotonic()
        while not self._end.is_set():
            self.activity.changed.clear()
            self._note(ended=False)
            if time.monotonic() - forgotten > HOUR:
                forgotten = time.monotonic()
                self._forget()
            self.activity.changed.wait(SIGN)

    def _forget(self) -> None:
        try:
            gateway.forget_messages(self._database, self._settings.keep_messages)
        except Exception as error:
            if not is_passing(error):
                raise
            logger.info("Old messages are not forgotten: %s", first_line(error))

    def _sign_off(self) -> None:
        self._note(ended=True)
        logger.info(
            "Gateway %s has ended: %s messages, %s events",
            self.gateway_id, self.activity.received, self.activity.sent,
            extra=fields("ended", received=self.activity.received, sent=self.activity.sent),
        )  # fmt: skip

    def _note(self, *, ended: bool) -> None:
        seen = self.activity
        try:
            sign = gateway.Sign(seen.broker, seen.received, seen.sent, seen.last_error, ended)
            gateway.note_sign(self._database, self.gateway_id, sign)
        except Exception as error:
            if not is_passing(error):
                raise
            logger.info("A sign of life is not stored: %s", first_line(error))
