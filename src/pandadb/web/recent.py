"""Values that many requests share for some seconds, such as counts of all jobs."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger(__name__)
SECONDS = 5.0
"""Age from which a value is computed anew, while requests get the old one."""
USABLE = 120.0
"""Age in seconds from which a request waits for the new one."""
PAUSES = 9
"""Time between two computations of a value, in times of the last one: they take a tenth at most."""


@dataclass(frozen=True)
class RecentValue:
    """A value, with its computation."""

    value: Any
    compute: Callable[[], Any]
    began: float
    """Beginning of its computation, of the monotonic clock."""
    ended: float

    @property
    def age(self) -> float:
        """Return the seconds since the beginning of its computation."""
        return time.monotonic() - self.began

    def is_due(self, seconds: float) -> bool:
        """Return whether it is as old, and the pause after its computation is over."""
        pause = PAUSES * (self.ended - self.began)
        return self.age >= seconds and time.monotonic() - self.ended >= pause


class RecentValues:
    """Values by name; each is computed by one thread at a time.

    A request gets the last value at once. If that is old, a thread computes the next one.
    """

    def __init__(self) -> None:
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._known: dict[str, RecentValue] = {}

    def get(self, name: str, compute: Callable[[], Any], seconds: float = SECONDS) -> Any:
        """Return a value; if a request has to wait for it, an error of its computation, too."""
        last = self._known.get(name)
        if last is None or last.age >= USABLE:
            return self._computed(name, compute, last)
        if last.is_due(seconds) and not self._locks[name].locked():
            work = (name, compute, last)
            threading.Thread(target=self._refresh, args=work, daemon=True).start()
        return last.value

    def keep_usable(self) -> None:
        """Compute the values anew that would soon be too old for a request."""
        for name, last in [*self._known.items()]:
            if last.age >= USABLE / 2:
                self._refresh(name, last.compute, last)

    def _computed(self, name: str, compute: Callable[[], Any], last: RecentValue | None) -> Any:
        with self._locks[name]:
            if self._known.get(name) is last:  # else another thread has just computed it
                began = time.monotonic()
                value = compute()
                self._known[name] = RecentValue(value, compute, began, time.monotonic())
            return self._known[name].value

    def _refresh(self, name: str, compute: Callable[[], Any], last: RecentValue) -> None:
        try:
            self._computed(name, compute, last)
        except Exception:  # the next request waits, and has the error
            LOG.warning("%s could not be computed anew", name, exc_info=True)
