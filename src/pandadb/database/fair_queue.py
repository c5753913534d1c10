"""The queue of a pool for asyncio: tasks that wait for a connection are served in their order.

With SQLAlchemy's, a task that gives a connection back and needs one again takes it before a task
that is waiting can: those that wait would starve while others are busy.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TypeVar

from sqlalchemy.util.queue import Empty, Full, QueueCommon
from typing_extensions import override

from pandadb.database.bridge import await_

Item = TypeVar("Item")


class FairQueue(QueueCommon[Item]):
    """Items, or tasks that wait for one; it is bound to no event loop."""

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:
        self.maxsize = maxsize
        self.use_lifo = use_lifo
        self._items: deque[Item] = deque()
        self._waiting: deque[asyncio.Future[Item]] = deque()

    @override
    def empty(self) -> bool:
        return not self._items

    @override
    def full(self) -> bool:
        return 0 < self.maxsize <= len(self._items)

    @override
    def qsize(self) -> int:
        return len(self._items)

    @override
    def put_nowait(self, item: Item) -> None:
        """Give the item to the task that has waited longest, or keep it."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(item)
                return
        if self.full():
            raise Full
        self._items.append(item)

    @override
    def put(self, item: Item, block: bool = True, timeout: float | None = None) -> None:
        """Put it there now: a pool never waits for room."""
        self.put_nowait(item)

    @override
    def get_nowait(self) -> Item:
        if not self._items:
            raise Empty
        return self._items.pop() if self.use_lifo else self._items.popleft()

    @override
    def get(self, block: bool = True, timeout: float | None = None) -> Item:
        if self._items or not block:
            return self.get_nowait()
        try:
            return await_(self._next(timeout))
        except TimeoutError:
            raise Empty from None

    async def _next(self, timeout: float | None) -> Item:
        """Wait for an item; one that arrives while the wait is cancelled goes to the next task."""
        waiting: asyncio.Future[Item] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(timeout):
                return await waiting
        except BaseException:
            if waiting.done() and not waiting.cancelled():
                self.put_nowait(waiting.result())
            waiting.cancel()
            raise
