"""The jobs that a worker has: each with its lease, its payload while it runs, and its state."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from pandadb.worker.payload.outcome import StopReason

if TYPE_CHECKING:
    from pandadb.services.queue import Lease
    from pandadb.worker.job_run import JobRun
    from pandadb.worker.quick_calls import QuickCall


class HeldJob:
    """A job that this worker has claimed. All methods can be called from any thread."""

    def __init__(self, lease: Lease, kept_until: float | None = None) -> None:
        self.lease = lease
        self.kept_until = kept_until
        """The time of the monotonic clock at which its payload ends without another renewal;
        None for no limit."""
        self.run: JobRun | QuickCall | None = None
        self.is_lost = False
        self.is_cancelled = False
        self.tail = ""
        """The tail of the output that the database has."""
        self._stop: tuple[StopReason, float | None] | None = None
        self._lock = threading.Lock()

    def begin(self, run: JobRun | QuickCall) -> None:
        """Note the payload that runs; one that was to stop before is stopped now."""
        with self._lock:
            self.run = run
            if (left := self.seconds_left) is not None:
                run.renew(left)  # it may have been renewed since the payload was made
            if self._stop is not None:
                run.stop(*self._stop)

    def stop(self, reason: StopReason, grace: float | None = None) -> None:
        """Let the payload end, or not begin."""
        with self._lock:
            if self._stop is None or grace is not None:
                self._stop = (self._stop[0] if self._stop else reason, grace)
                if self.run is not None:
                    self.run.stop(*self._stop)

    def lose(self) -> None:
        """Kill the payload at once: another worker may have the job."""
        self.is_lost = True
        self.stop(StopReason.LEASE, 0)

    def cancel(self) -> None:
        """Let the payload end, as the job is to be cancelled."""
        self.is_cancelled = True
        self.stop(StopReason.CANCELLED)

    def renew(self, until: float) -> None:
        """Let the payload run until a time of the monotonic clock."""
        with self._lock:
            self.kept_until = until
            if self.run is not None:
                self.run.renew(max(0.0, until - time.monotonic()))

    @property
    def seconds_left(self) -> float | None:
        """The seconds until the payload ends without another renewal; None for no limit."""
        return None if self.kept_until is None else max(0.0, self.kept_until - time.monotonic())

    @property
    def is_stopped(self) -> bool:
        """Whether the payload was to end before it has begun."""
        return self._stop is not None

    @property
    def stop_reason(self) -> StopReason | None:
        """The reason that the payload was to end for, if it was."""
        return self._stop[0] if self._stop else None


class HeldJobs:
    """All jobs that a worker has."""

    def __init__(self) -> None:
        self._jobs: dict[int, HeldJob] = {}
        self._lock = threading.Lock()

    def add(self, *jobs: HeldJob) -> None:
        """Take jobs; their leases are renewed from now on."""
        with self._lock:
            self._jobs.update((job.lease.token, job) for job in jobs)

    def remove(self, *jobs: HeldJob) -> None:
        """Forget jobs that have ended, or were lost or given back."""
        with self._lock:
            for job in jobs:
                self._jobs.pop(job.lease.token, None)

    def all(self) -> list[HeldJob]:
        """Return the jobs that the worker has now."""
        with self._lock:
            return [*self._jobs.values()]

    def __len__(self) -> int:
        return len(self._jobs)
