"""Options of a worker: its queues, its slots, and its times in seconds."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.worker.job_run import WorkPlace
from pandadb.worker.payload.process import GRACE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HOST = socket.gethostname()
MARGIN, LONGEST_MARGIN = 0.05, 2.0
"""The part of a lease, and the seconds at most, between a payload's SIGKILL and the lease's end."""


def new_worker_id() -> str:
    """Return an id for this process that no other worker has: host, process and a random part."""
    return f"{HOST[:80]}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(frozen=True)
class WorkerOptions:
    """Options of a worker."""

    queues: Sequence[str]
    """Its queues; jobs of the first one come first."""
    work_dir: Path
    """The folder for the directories of jobs, for this host or shared by several.

    A relative one is made absolute: supervisors of payloads have another current directory.
    """
    slots: int = 4
    """Jobs that run at once."""
    lease: float = 60.0
    """Seconds of a lease; it is renewed every third of that."""
    poll: float = 5.0
    """Seconds between two looks at an empty queue, with a jitter of a quarter."""
    grace: float = GRACE
    """Seconds between SIGTERM and SIGKILL for a payload."""
    drain_timeout: float = 60.0
    """Seconds that running jobs have when the worker drains; then they are given back."""
    reap: float = 1.0
    """Seconds between two looks for expired leases, of all workers together."""
    once: bool = False
    """Claim once, run these jobs, and end."""
    drain_when_empty: bool = False
    """End when no job is ready and none runs."""
    listen: bool = True
    """Whether notices of the database wake the worker."""
    modules: Sequence[str] = ()
    """Modules with handlers."""
    passed: Sequence[str] = ()
    """Names of variables that payloads have of the worker."""
    keep: bool = True
    """Whether directories of finished jobs are kept; those of failed ones are, anyway."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """Texts that are masked in errors."""
    worker_id: str = field(default_factory=new_worker_id)

    def __post_init__(self) -> None:
        object.__setattr__(self, "work_dir", self.work_dir.absolute())

    @property
    def payload_lease(self) -> float:
        """Seconds after a renewal in which a payload is told to end, if there is no other.

        It is killed before the lease is over, so that the job does not run twice.
        """
        return self.lease - self.lease_grace - min(LONGEST_MARGIN, self.lease * MARGIN)

    @property
    def lease_grace(self) -> float:
        """Seconds between SIGTERM and SIGKILL for a payload whose lease is not renewed."""
        return min(self.grace, self.lease / 4)

    @property
    def place(self) -> WorkPlace:
        """The place where payloads run."""
        return WorkPlace(
            self.work_dir,
            tuple(self.modules),
            tuple(self.passed),
            self.grace,
            self.secrets,
        )
