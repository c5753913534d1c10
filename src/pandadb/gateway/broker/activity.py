"""The activity of a gateway, reported by its signs of life."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Activity:
    """Numbers since the begin, and the broker; each is written by one thread."""

    broker: str | None = None
    """Host and port of the broker that messages come from; None while there is none."""
    received: int = 0
    """Messages that were acknowledged."""
    sent: int = 0
    """Events that the broker has confirmed."""
    last_error: str | None = None
    """Why the last connection was lost, or not made."""

    changed: threading.Event = field(default_factory=threading.Event)
    """Set when a sign of life is due at once."""

    def connected(self, broker: str) -> None:
        """Note a connection."""
        self.broker = broker
        self.changed.set()

    def disconnected(self, error: str) -> None:
        """Note the end of a connection."""
        self.broker, self.last_error = None, error
        self.changed.set()
