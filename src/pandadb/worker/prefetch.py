"""A worker that prefetches: one claim for all slots, calls in their threads, ends in groups.

For handlers that take less time than a transaction. A job that was claimed and not begun is given
back on drain. One that takes longer than `NOTED_AFTER` is recorded as running then; the others
finish without that. Programs, and handlers with inputs or time limits, run as without prefetch.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from typing_extensions import override

from pandadb.services import queue
from pandadb.worker.grouped_ends import MAX_GROUP, GroupedEnds
from pandadb.worker.hand_over import HandOver
from pandadb.worker.payload.outcome import PayloadOutcome, StopReason
from pandadb.worker.quick_calls import CallingThread, QuickCall, is_quick
from pandadb.worker.reconnects import first_line, is_passing
from pandadb.worker.worker_loop import LAST_WAIT, WorkerLoop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database
    from pandadb.services.queue import Lease
    from pandadb.worker.held_jobs import HeldJob
    from pandadb.worker.worker_options import WorkerOptions

logger = logging.getLogger("pandadb.worker")

MAX_CLAIM = MAX_GROUP
"""Jobs of one claim at most."""
GATHERED = 0.005
"""Seconds that few free places wait for others."""
LAST_STORE = 5.0
"""Seconds after the grace for the ends of payloads to be stored."""
NOTED_AFTER = 1.0
"""Seconds before a job that runs is recorded as running."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the objects that there are out of garbage collections during the block.

    The jobs that a worker holds are old enough for full collections, which else look at all that
    was imported: 200,000 objects, in a tenth of a second, 22 microseconds for each quick job.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class PrefetchingLoop(WorkerLoop):
    """A worker with `prefetch` places for jobs; a place is free when the job's end is committed."""

    def __init__(self, database: Database, options: WorkerOptions, prefetch: int) -> None:
        super().__init__(database, options)
        self._places = max(prefetch, options.slots)
        self._half = min(MAX_CLAIM, max(1, self._places // 2))
        self._ready: HandOver[HeldJob] = HandOver()
        self._ends = GroupedEnds(database, self._release, self._killed.wait)
        self._slots = [
            threading.Thread(target=self._call_jobs, name=f"slot {number}", daemon=True)
            for number in range(options.slots)
        ]
        self._notes = threading.Thread(target=self._note_running, name="starts", daemon=True)

    @override
    def run(self) -> int:
        self._ends.start()
        for thread in (*self._slots, self._notes):
            thread.start()
        with uncollected():
            return super().run()

    @override
    def _free(self) -> int:
        """Return the free places, for a claim of half of them: the other half is ended meanwhile.

        Few free places wait a moment for others, so that no claim is for a leftover of a group.
        """
        if 0 < self._places - self._busy < self._half // 2:
            self._pause(GATHERED)
        return min(self._half, self._places - self._busy)

    @override
    def _hand_out(self, jobs: list[HeldJob]) -> None:
        self._ready.put(*jobs)

    def _call_jobs(self) -> None:
        """Work on jobs in the thread of a slot."""
        calls = CallingThread(self._options.secrets)
        while (job := self._ready.take()) is not None:
            if is_quick(job.lease):
                self._ends.add((job, calls.work(job)))
            else:
                self._work(job)
        calls.end()

    def _note_running(self) -> None:
        """Record jobs as running that have been for a while, until the worker has ended."""
        while not self.has_ended:
            time.sleep(NOTED_AFTER / 2)
            before = time.monotonic() - NOTED_AFTER
            late = [
                job
                for job in self._held.all()
                if isinstance(job.run, QuickCall) and job.run.is_late(before)
            ]
            if late:
                self._note([job.lease for job in late])

    def _note(self, leases: list[Lease]) -> None:
        try:
            queue.start(self._database, leases)
        except Exception as error:
            if not is_passing(error):
                logger.exception("starts")

    @override
    def _wait_for_slots(self) -> None:
        """Give back jobs that no slot has begun; then wait for those that run."""
        for job in () if self._options.once else self._ready.take_all():
            job.stop(StopReason.DRAIN)
            self._ends.add((job, PayloadOutcome(reason=job.stop_reason)))
        super()._wait_for_slots()
        self._ready.end()
        if left := self._held.all():  # functions that have not ended
            self._give_back([job.lease for job in left])
        self._ends.end(LAST_WAIT)

    def _give_back(self, leases: list[Lease]) -> None:
        """Give jobs back; an error leaves them until their leases expire, and the worker ends."""
        try:
            queue.give_back(self._database, leases)
        except Exception as error:
            if not is_passing(error):
                logger.exception("%s jobs are left until their leases expire", len(leases))
            else:
                words = "%s jobs are left until their leases expire: %s"
                logger.warning(words, len(leases), first_line(error))

    @override
    def _is_over(self, now: float, told: float | None, killed: float | None) -> bool:
        """Return whether functions have had the grace: their threads cannot be killed."""
        began = killed if killed is not None else told
        return began is not None and now > began + self._options.grace + LAST_STORE
