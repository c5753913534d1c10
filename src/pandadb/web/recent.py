"""Values that many requests share for some seconds, such as counts of all jobs."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 5.0


class RecentValues:
    """Values by name, each computed by one request at a time.

    While a value is computed anew, other requests get the last one without waiting.
    """

    def __init__(self) -> None:
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._known: dict[str, tuple[float, Any]] = {}

    def get(self, name: str, compute: Callable[[], Any], seconds: float = SECONDS) -> Any:
        """Return a value that is no older; an error of its computation reaches the caller."""
        last = self._known.get(name)
        if last and (time.monotonic() - last[0] < seconds or self._locks[name].locked()):
            return last[1]
        with self._locks[name]:
            if self._known.get(name) is last:
                self._known[name] = (time.monotonic(), compute())
            return self._known[name][1]
