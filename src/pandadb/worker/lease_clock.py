"""The clock of leases: it ends payloads whose leases no heartbeat has renewed in time."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from pandadb.worker.payload.outcome import StopReason

if TYPE_CHECKING:
    from pandadb.worker.held_jobs import HeldJobs
    from pandadb.worker.worker_options import WorkerOptions

logger = logging.getLogger("pandadb.worker")
LONGEST_LOOK = 1.0
"""Seconds between two looks at most."""


class LeaseClock:
    """A thread that uses no connection: a heartbeat may wait for one that is cut for minutes.

    Supervisors of processes have a clock of their own. This one is for functions in threads, for
    jobs that have not begun, and for the log.
    """

    def __init__(self, options: WorkerOptions, held: HeldJobs) -> None:
        self._options, self._held = options, held
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease clock", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join(LONGEST_LOOK)

    def _run(self) -> None:
        while not self._end.wait(min(LONGEST_LOOK, self._options.lease / 20)):
            self.look()

    def look(self) -> None:
        """Stop the jobs whose time is over."""
        for job in self._held.all():
            if job.seconds_left == 0 and not job.is_stopped:
                words = "Job %s: no heartbeat has renewed its lease in time, and its payload ends"
                logger.warning(words, job.lease.pandaid)
                job.stop(StopReason.LEASE, self._options.lease_grace)
