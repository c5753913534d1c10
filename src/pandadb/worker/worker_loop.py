"""The loop of a worker: it claims jobs for free slots, and waits for notices, ends and signals."""

from __future__ import annotations

import logging
import random
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pandadb.services import queue
from pandadb.worker.held_jobs import HeldJob, HeldJobs
from pandadb.worker.lease_clock import LeaseClock
from pandadb.worker.lease_renewal import LeaseRenewal
from pandadb.worker.listener import Listener
from pandadb.worker.payload.job_directory import prepare_work_dir
from pandadb.worker.payload.outcome import StopReason
from pandadb.worker.reaper import Reaper
from pandadb.worker.reconnects import (
    first_line,
    is_passing,
    pause_after,
)
from pandadb.worker.slot import Slot

if TYPE_CHECKING:
    from pandadb.database import Database
    from pandadb.services.queue import Lease
    from pandadb.worker.worker_options import WorkerOptions

logger = logging.getLogger("pandadb.worker")
JITTER = random.Random()  # noqa: S311
LAST_WAIT = 30.0
"""Seconds that killed payloads may take to end, and their jobs to be given back."""


class WorkerLoop:
    """A worker: `run` returns when it has drained."""

    def __init__(self, database: Database, options: WorkerOptions) -> None:
        self._database, self._options = database, options
        self._held = HeldJobs()
        self._wake = threading.Event()
        self._draining = threading.Event()
        self._killed = threading.Event()
        self._drain_until: float | None = None
        self._busy = 0
        self._lock = threading.Lock()
        self._failures = 0
        self.number = 0
        """The jobs that were claimed."""
        self.has_ended = False
        self._renewal = LeaseRenewal(database, options, self._held, self.drain)
        self._threads: list[LeaseClock | LeaseRenewal | Listener | Reaper] = [self._renewal]
        self._threads.append(LeaseClock(options, self._held))
        self._threads.append(Reaper(database, options.reap))
        if options.listen:
            self._threads.append(Listener(database, self._notice))

    def stop(self) -> None:
        """Drain; at a second call kill the payloads, and give their jobs back.

        A signal's handler has to call it in another thread, as it takes locks.
        """
        if self._drain_until is not None:
            self._killed.set()
        self.drain()

    def drain(self) -> None:
        """Claim no more jobs, and end when those that run have ended, or had their time."""
        if self._drain_until is None:
            self._drain_until = time.monotonic() + self._options.drain_timeout
        self._draining.set()
        self._wake.set()

    def run(self) -> int:
        """Work until the worker has drained; return the number of jobs that were claimed.

        Raises:
            JobDirectoryError: The work directory cannot be written.
            DatabaseUnreachable: The database does not answer at the start; later it is waited for.
        """
        options = self._options
        prepare_work_dir(options.work_dir)
        queue.register(self._database, options.worker_id, options.queues, options.slots)
        logger.info(
            "Worker %s: queues %s, %s slots",
            options.worker_id, ", ".join(options.queues), options.slots,
        )  # fmt: skip
        for thread in self._threads:
            thread.start()
        try:
            while not self._draining.is_set():
                self._claim()
        except BaseException:
            self._killed.set()
            raise
        finally:
            self._wait_for_slots()
            for thread in self._threads:
                thread.end()
            self._sign_off()
            self.has_ended = True
        return self.number

    def _notice(self) -> None:
        self._renewal.wake()
        self._wake.set()

    def _claim(self) -> None:
        """Claim jobs for the free slots once; then wait, unless there may be more for another."""
        free = self._free()
        if free <= 0:
            self._pause(self._options.poll)
            return
        self._wake.clear()  # a notice from now on is of a job that the claim may not see
        try:
            if self._failures:
                known = [job.lease.token for job in self._held.all()]
                queue.give_back_unknown(self._database, self._options.worker_id, known)
            began = time.monotonic()
            leases = queue.claim(
                self._database,
                self._options.queues,
                free,
                owner=self._options.worker_id,
                lease=self._options.lease,
            )
            self._failures = 0
        except Exception as error:
            if not is_passing(error):
                raise
            self._failures += 1
            if self._failures == 1:
                logger.warning("No jobs can be claimed: %s", first_line(error))
            self._killed.wait(pause_after(self._failures))
            return
        self._begin(leases, began + self._options.payload_lease)
        if self._is_done(leases):
            self._draining.set()
        elif len(leases) < free:
            self._wake.wait(self._seconds_to_poll())

    def _is_done(self, leases: list[Lease]) -> bool:
        if self._options.once:
            return True
        return self._options.drain_when_empty and not leases and self._busy == 0

    def _free(self) -> int:
        """Return the number of jobs to claim: one for each free slot."""
        return self._options.slots - self._busy

    def _begin(self, leases: list[Lease], kept_until: float) -> None:
        """Take jobs that were claimed, and let each be worked on."""
        jobs = [HeldJob(lease, kept_until) for lease in leases]
        self._held.add(*jobs)
        self.number += len(jobs)
        with self._lock:
            self._busy += len(jobs)
        self._hand_out(jobs)

    def _hand_out(self, jobs: list[HeldJob]) -> None:
        for job in jobs:
            threading.Thread(target=self._work, args=(job,), daemon=True).start()

    def _release(self, jobs: list[HeldJob]) -> None:
        """Forget jobs that have ended, or were lost or given back: there is room for others."""
        self._held.remove(*jobs)
        with self._lock:
            self._busy -= len(jobs)
        self._wake.set()

    def _work(self, job: HeldJob) -> None:
        """Run a job in its thread; whatever happens, the slot is free afterwards."""
        try:
            Slot(self._database, self._options, job, self._killed.wait).work()
        except Exception:
            logger.exception("Job %s is left until its lease expires", job.lease.pandaid)
        finally:
            self._release([job])

    def _seconds_to_poll(self) -> float:
        """Return the seconds to the next poll: earlier if a job is due before."""
        seconds = self._options.poll * JITTER.uniform(0.75, 1.25)
        if self._busy and self._options.drain_when_empty:
            return seconds
        try:
            due = queue.next_time(self._database, self._options.queues)
        except Exception as error:
            if not is_passing(error):
                raise
            return seconds
        if due is None:
            return seconds
        now = datetime.now(UTC).replace(tzinfo=None)
        return min(seconds, max(0.02, (due - now).total_seconds()))

    def _pause(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def _wait_for_slots(self) -> None:
        """Wait for the running jobs; end their payloads after the drain's time, or at a kill."""
        told = killed = None
        while self._busy:
            now = time.monotonic()
            if self._killed.is_set() and killed is None:
                killed = now
                self._stop_payloads(0)
            elif told is None and self._drain_until is not None and now >= self._drain_until:
                told = now
                self._stop_payloads(None)
            if self._is_over(now, told, killed):
                logger.warning("%s jobs have not ended", self._busy)
                return
            self._pause(0.5)

    def _is_over(self, now: float, _told: float | None, killed: float | None) -> bool:
        """Return whether payloads that were told to end, or killed, are waited for no longer."""
        return killed is not None and now > killed + LAST_WAIT

    def _stop_payloads(self, grace: float | None) -> None:
        for job in self._held.all():
            job.stop(StopReason.DRAIN, grace)

    def _sign_off(self) -> None:
        try:
            queue.stop(self._database, self._options.worker_id)
        except Exception as error:
            if not is_passing(error):
                raise
            logger.warning("The end of the worker is not stored: %s", first_line(error))
