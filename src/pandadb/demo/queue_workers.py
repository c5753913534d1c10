"""Workers of the demo's queue, as threads: they claim a job, run its program, and end it.

What they lack beside `pandadb worker run`: job directories, limits, logs, drains.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.services import queue
from pandadb.services.queue import Failure, LeaseLost, Success

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database
    from pandadb.services.queue import Lease

BEAT = 0.1
"""Seconds between two heartbeats: so soon a worker hears that a job is to be cancelled."""
POLL = 0.05


@dataclass(frozen=True)
class EndedRun:
    """A job that a worker has had."""

    pandaid: int
    owner: str
    state: str
    began: float
    """Seconds since the workers began."""
    seconds: float
    """How long its program ran."""


class QueueWorkers:
    """Some threads that work until they are stopped."""

    def __init__(self, database: Database, name: str, owners: list[str]) -> None:
        self._database, self._queue = database, name
        self._stopped = threading.Event()
        self._began = time.monotonic()
        self.ended: list[EndedRun] = []
        self._threads = [
            threading.Thread(target=self._work, args=(one,), daemon=True) for one in owners
        ]

    def start(self) -> None:
        """Start the threads."""
        for one in self._threads:
            one.start()

    def stop(self) -> None:
        """Let each end after its job."""
        self._stopped.set()
        for one in self._threads:
            one.join()

    def _work(self, owner: str) -> None:
        queue.register(self._database, owner, [self._queue], 1)
        while not self._stopped.is_set():
            leases = queue.claim(self._database, self._queue, 1, owner=owner)
            for lease in leases:
                with suppress(LeaseLost):
                    self._run(lease, owner)
            if not leases:
                self._stopped.wait(POLL)
        queue.stop(self._database, owner)

    def _run(self, lease: Lease, owner: str) -> None:
        """Run the program of a job, and end the job as the program has ended."""
        began = time.monotonic()
        queue.start(self._database, [lease])
        argv = lease.parameters.get("argv") or ["true"]
        with subprocess.Popen(  # noqa: S603 - a list of words, without a shell
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            start_new_session=True,
        ) as process:  # fmt: skip
            is_cancelled = self._wait(lease, process)
            output = process.stdout.read() if process.stdout else ""
        code = process.returncode
        if is_cancelled:
            done = queue.end_cancelled(self._database, lease)
        elif code:
            done = queue.fail(self._database, Failure(lease, f"exit code {code}", exit_code=code))
        else:
            done = queue.finish(self._database, Success(lease, {"stdout": output.strip()}))
        state = done.jobs.get(lease.pandaid, "lost")
        seconds = time.monotonic() - began
        self.ended.append(EndedRun(lease.pandaid, owner, state, began - self._began, seconds))

    def _wait(self, lease: Lease, process: subprocess.Popen[str]) -> bool:
        """Wait for a program; end its process group if the job is cancelled. Return if it was."""
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(BEAT)
                return False
            beat = queue.heartbeat(self._database, [lease])[lease.pandaid]
            if beat.is_lost or beat.cancel_requested:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
                return beat.cancel_requested


def wait_until(is_so: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so, at most so many seconds; return whether it is."""
    end = time.monotonic() + seconds
    while not (found := is_so()) and time.monotonic() < end:
        time.sleep(POLL)
    return found
