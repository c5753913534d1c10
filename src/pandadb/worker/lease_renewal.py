"""Heartbeats: a thread that renews the leases of all jobs of a worker, whatever these do."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from pandadb.services import queue
from pandadb.worker.reconnects import first_line, is_passing, pause_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database
    from pandadb.worker.held_jobs import HeldJob, HeldJobs
    from pandadb.worker.worker_options import WorkerOptions

logger = logging.getLogger("pandadb.worker")

LEAST_PAUSE = 1.0
"""Seconds between two heartbeats, however many notices come."""


class LeaseRenewal:
    """The thread. It also notes the worker's sign of life, and stores tails of output."""

    def __init__(
        self,
        database: Database,
        options: WorkerOptions,
        held: HeldJobs,
        on_drain: Callable[[], None],
    ) -> None:
        self._database, self._options, self._held = database, options, held
        self._on_drain = on_drain
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="heartbeats", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Look soon: a job may have been cancelled."""
        self._woken.set()

    def end(self) -> None:
        """End the thread."""
        self._ended.set()
        self._woken.set()
        self._thread.join(LEAST_PAUSE)

    def _run(self) -> None:
        interval = self._options.lease / 3
        while not self._ended.is_set():
            began = time.monotonic()
            wait = interval
            try:
                self.beat()
                self._failures = 0
            except Exception as error:
                if not is_passing(error):
                    logger.exception("heartbeats")
                self._failures += 1
                if self._failures == 1:
                    logger.warning("The leases cannot be renewed: %s", first_line(error))
                wait = min(interval, pause_after(self._failures))
            least = min(LEAST_PAUSE, interval, wait)
            self._ended.wait(max(0.0, least - (time.monotonic() - began)))
            self._woken.wait(max(0.0, wait - (time.monotonic() - began)))
            self._woken.clear()

    def beat(self) -> None:
        """Renew all leases once; stop the payloads of those that are lost or to be cancelled."""
        jobs = self._held.all()
        began = time.monotonic()
        beats = queue.heartbeat(self._database, [job.lease for job in jobs], self._options.lease)
        for job in jobs:
            beat = beats[job.lease.pandaid]
            if not beat.keeps(job.lease):
                self._lose(job)
                continue
            job.renew(began + self._options.payload_lease)
            if beat.cancel_requested and not job.is_cancelled:
                job.cancel()
        if queue.note_sign(self._database, self._options.worker_id):
            self._on_drain()
        self._store_tails([job for job in jobs if not job.is_lost])

    def _lose(self, job: HeldJob) -> None:
        if job in self._held.all():  # it has not ended meanwhile
            logger.warning("The lease of job %s is lost", job.lease.pandaid)
            job.lose()

    def _store_tails(self, jobs: list[HeldJob]) -> None:
        tails = [(job, job.run.tail()) for job in jobs if job.run is not None]
        changed = [(job, tail) for job, tail in tails if tail != job.tail]
        queue.store_tails(self._database, [(job.lease, tail) for job, tail in changed])
        for job, tail in changed:
            job.tail = tail
