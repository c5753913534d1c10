"""The listener of a connection: it hands over frames of the library's thread."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import Any

from pandadb.errors import PandaDBError


class BrokerLost(PandaDBError):
    """The connection to the broker is lost, or the broker has ended it."""


@dataclass(frozen=True)
class Message:
    """A message that the broker has handed over, and that is not acknowledged yet."""

    destination: str
    message_id: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_redelivered(self) -> bool:
        """Return whether the broker marks it as handed over before."""
        return self.headers.get("redelivered", "").lower() == "true"


MAX_REASON = 500
"""Characters of a broker's error that are shown: it may be a stack trace."""


class FrameListener:
    """Keeps messages, receipts and errors until another thread asks for them.

    The library calls it in its own thread, where heartbeats are read: each call returns soon.
    """

    def __init__(self) -> None:
        self._messages: queue.Queue[Message | None] = queue.Queue()
        self._changed = threading.Condition()
        self._receipts: set[str] = set()
        self.server: str | None = None
        """The name of the broker, when it has accepted the connection."""
        self.lost: str | None = None
        """The reason why the connection has ended; None while it is there."""
        self.refused = False
        """Whether it was the broker that has ended it, with an error."""

    def on_connected(self, frame: Any) -> None:
        """Note that the broker has accepted the connection."""
        with self._changed:
            self.server = frame.headers.get("server", "")
            self._changed.notify_all()

    def on_message(self, frame: Any) -> None:
        """Keep a message."""
        headers = frame.headers
        body = frame.body if isinstance(frame.body, bytes) else (frame.body or "").encode()
        self._messages.put(
            Message(headers.get("destination", ""), headers.get("message-id", ""), headers, body)
        )

    def on_receipt(self, frame: Any) -> None:
        """Note that the broker has confirmed a frame."""
        with self._changed:
            self._receipts.add(frame.headers.get("receipt-id", ""))
            self._changed.notify_all()

    def on_error(self, frame: Any) -> None:
        """Note the broker's reason; the protocol lets it close the connection after an error."""
        body = frame.body.decode(errors="replace") if isinstance(frame.body, bytes) else ""
        self.refused = True
        self.end(f"the broker's error: {frame.headers.get('message') or body or 'error'}")

    def on_disconnected(self) -> None:
        """Note the end of the connection."""
        self.end("the connection was closed")

    def on_heartbeat_timeout(self) -> None:
        """Note that the broker has been silent for too long."""
        self.end("no heartbeat came")

    def end(self, reason: str) -> None:
        """Note why the connection has ended, unless that is known; wake all that wait."""
        with self._changed:
            self.lost = self.lost or " ".join(reason.split())[:MAX_REASON]
            self._changed.notify_all()
        self._messages.put(None)

    def wait_connected(self, seconds: float) -> None:
        """Wait until the broker has accepted the connection.

        Raises:
            BrokerLost: It refuses, or does not answer in time.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.server is not None or self.lost, seconds)
        self.refuse_lost()
        if self.server is None:
            raise BrokerLost(f"The broker has not answered in {seconds:g} s")

    def wait_receipt(self, receipt: str, seconds: float) -> None:
        """Wait until the broker has confirmed a frame.

        Raises:
            BrokerLost: It has not in time, or the connection is lost: it may have it, or not.
        """
        if not self.wait_receipts({receipt}, seconds):
            self.refuse_lost()
            raise BrokerLost(f"The broker has not confirmed a message in {seconds:g} s")

    def wait_receipts(self, receipts: set[str], seconds: float) -> set[str]:
        """Wait until the broker has confirmed frames; return those that it has in time.

        If they are not all, the connection may be lost: the broker may have the others, or not.
        """
        with self._changed:
            self._changed.wait_for(lambda: receipts <= self._receipts or self.lost, seconds)
            confirmed = receipts & self._receipts
            self._receipts -= confirmed
        return confirmed

    def next_message(self, seconds: float) -> Message | None:
        """Return the next message; None if there is none in time.

        Raises:
            BrokerLost: The connection is lost: messages that came before must not be taken, since
                they cannot be acknowledged.
        """
        self.refuse_lost()
        try:
            message = self._messages.get(timeout=seconds)
        except queue.Empty:
            return None
        self.refuse_lost()
        return message

    def refuse_lost(self) -> None:
        """Raise an error if the connection has ended.

        Raises:
            BrokerLost: It has.
        """
        if self.lost is not None:
            raise BrokerLost(f"The connection to the broker is lost: {self.lost}")
