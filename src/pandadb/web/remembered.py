"""Values that pages share for some seconds, so that many readers cost one query."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """A value that is read again when it is old, by one thread; the others get the old one."""

    def __init__(self, read: Callable[[], T], seconds: float) -> None:
        self._read, self._seconds = read, seconds
        self._value: tuple[float, T] | None = None
        self._reading = threading.Lock()

    def get(self) -> T:
        """Return the value; it is waited for only if there is none yet."""
        known = self._value
        if known and time.monotonic() - known[0] < self._seconds:
            return known[1]
        if not self._reading.acquire(blocking=known is None):
            assert known is not None  # noqa: S101  # else the lock was waited for
            return known[1]
        try:
            found = self._value
            if found is None or found is known:  # else another thread has read it meanwhile
                found = self._value = (time.monotonic(), self._read())
            return found[1]
        finally:
            self._reading.release()
