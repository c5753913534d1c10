"""Values that many requests share for some seconds, such as counts of all jobs."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger(__name__)
SECONDS = 5.0
"""Age from which a value is computed anew, while requests get the old one."""
USABLE = 120.0
"""Age in seconds from which a request waits for the new one."""


class RecentValues:
    """Values by name; each is computed by one thread at a time.

    A request gets the last value at once. If that is old, a thread computes the next one.
    """

    def __init__(self) -> None:
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._known: dict[str, tuple[float, Any]] = {}

    def get(self, name: str, compute: Callable[[], Any], seconds: float = SECONDS) -> Any:
        """Return a value; if a request has to wait for it, an error of its computation, too."""
        last = self._known.get(name)
        age = time.monotonic() - last[0] if last else USABLE
        if last is None or age >= USABLE:
            return self._computed(name, compute, last)
        if age >= seconds and not self._locks[name].locked():
            work = (name, compute, last)
            threading.Thread(target=self._refresh, args=work, daemon=True).start()
        return last[1]

    def _computed(self, name: str, compute: Callable[[], Any], last: Any) -> Any:
        with self._locks[name]:
            if self._known.get(name) is last:  # else another thread has just computed it
                self._known[name] = (time.monotonic(), compute())
            return self._known[name][1]

    def _refresh(self, name: str, compute: Callable[[], Any], last: Any) -> None:
        try:
            self._computed(name, compute, last)
        except Exception:  # the next request waits, and has the error
            LOG.warning("%s could not be computed anew", name, exc_info=True)
