"""Queues drawn by weight, one after the other, for the jobs of a chunk. Job generation 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from random import Random

    from pandadb.core.generation.slices import Queue


class QueueDraws:
    """The queues of a chunk; each draw changes the next.

    A queue of weight 0 is drawn once, before all others. The weight of a queue with a known number
    of queued jobs goes down with the jobs that it gets, and with as many as its cap it is full.
    """

    def __init__(self, queues: Sequence[Queue], random: Random) -> None:
        self._queues = [*queues]
        self._random = random
        self._first = [queue for queue in queues if queue.weight == 0]
        self._weights = {queue.name: float(queue.weight) for queue in queues}
        self._queued = {queue.name: queue.queued for queue in queues}

    def draw(self, jobs: int, without: Collection[str] = ()) -> Queue | None:
        """Draw a queue for so many jobs; None if there is none, or all others are full."""
        first = [queue for queue in self._first if queue.name not in without]
        if first:
            drawn = self._random.choice(first)
            self._first.remove(drawn)
            return drawn
        queues = [one for one in self._queues if one.name not in without and self._is_free(one)]
        if not queues:
            return None
        weights = [self._weights[queue.name] for queue in queues]
        drawn = self._random.choices(queues, weights)[0]
        self._count(drawn, jobs)
        return drawn

    def draw_others(self, jobs: int, queue: Queue, number: int) -> list[Queue]:
        """Draw as many further queues beside one, each another; fewer where there are no more."""
        found = [queue]
        while len(found) <= number:
            drawn = self.draw(jobs, [one.name for one in found])
            if drawn is None:
                break
            found.append(drawn)
        return found[1:]

    def _is_free(self, queue: Queue) -> bool:
        queued = self._queued[queue.name]
        is_full = queued is not None and queue.cap is not None and queued >= queue.cap
        return queue.weight > 0 and not is_full

    def _count(self, queue: Queue, jobs: int) -> None:
        """Count the jobs of a draw as queued, all of them, before they are known."""
        queued = self._queued[queue.name]
        if queued is not None:
            self._weights[queue.name] *= (queued + 1) / (queued + jobs + 1)
            self._queued[queue.name] = queued + jobs
