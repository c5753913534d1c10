"""A queue between threads, with no lock and no wake-up for each item.

A `queue.SimpleQueue` wakes a thread for each item, and each of these waits for the interpreter's
lock: for calls of a few microseconds that takes longer than the calls.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class HandOver(Generic[Item]):
    """Items, first in, first out, between any number of threads."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._waiting = 0
        self._ended = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, *items: Item) -> None:
        """Add items; wake threads that wait, if there are any."""
        self._items.extend(items)
        if self._waiting:  # one that begins to wait now looks at the items after this
            with self._changed:
                self._changed.notify(len(items))

    def take(self) -> Item | None:
        """Return the next item, or None when there is none and the end has come."""
        while True:
            try:
                return self._items.popleft()
            except IndexError:
                if not self._wait():
                    return None

    def take_all(self, most: int | None = None) -> list[Item]:
        """Return the present items, without waiting."""
        found: list[Item] = []
        try:
            while most is None or len(found) < most:
                found.append(self._items.popleft())
        except IndexError:
            pass
        return found

    def end(self) -> None:
        """Let threads that find no item end."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _wait(self) -> bool:
        """Wait for an item; return False at the end."""
        with self._changed:
            self._waiting += 1
            try:
                while not self._items and not self._ended:
                    self._changed.wait()
            finally:
                self._waiting -= 1
            return bool(self._items) or not self._ended
