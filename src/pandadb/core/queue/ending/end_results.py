"""Calls of workers that end jobs: their reports, and the new states of the jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandadb.core.queue import leases

if TYPE_CHECKING:
    from pandadb.core.jobs.mover import MoveResult
    from pandadb.core.queue.flows.graphs import Response
    from pandadb.core.queue.leases import Lease
    from pandadb.core.sql.transaction import Transaction

EXE_ERROR = 1
"""The `exeerrorcode` of a payload without a code of its own."""


@dataclass(frozen=True)
class Success:
    """A job that its worker has finished."""

    lease: Lease
    result: Any = None
    """A value that JSON has, for METATABLE; None stores nothing."""
    response: Response | None = None
    """Changes of the flow of the job."""
    stored: Any = None
    """A value that JSON has, noted with the job beside its result."""

    @property
    def is_plain(self) -> bool:
        """Return whether the end changes nothing but the job, and its result is its own."""
        return self.response is None and self.stored is None and self.lease.kind != "none"


@dataclass(frozen=True)
class Failure:
    """An attempt that has failed."""

    lease: Lease
    error: str
    code: int = EXE_ERROR
    """The `exeerrorcode`."""
    retryable: bool = True
    retry_in: float | None = None
    """Seconds before the next attempt; None leaves it to the back-off of the job."""
    exit_code: int | None = None
    """The `transexitcode`."""
    result: Any = None
    """A value that JSON has, for METATABLE; None stores nothing."""


@dataclass
class EndResult:
    """The result of a call for leases."""

    jobs: dict[int, str] = field(default_factory=dict)
    """The jobs that have moved, each with its state: one that is tried again has not ended."""
    lost: list[int] = field(default_factory=list)
    """The jobs with lost leases: nothing was changed of them."""
    refused: dict[int, str] = field(default_factory=dict)
    """Jobs that could not move, each with the sentence."""
    new: list[int] = field(default_factory=list)
    """Jobs that others have added to their flows."""

    def add(self, moved: MoveResult) -> None:
        """Add the result of a move."""
        self.jobs |= moved.jobs
        self.refused |= {job: why.sentence for job, why in moved.refused.items()}
        for job in moved.jobs:
            self.refused.pop(job, None)

    def add_ended(self, session: Transaction) -> list[int]:
        """Count refused jobs as lost that others have ended meanwhile; return those."""
        ended = leases.end_lost(session, [*self.refused])
        self.lost += ended
        for job in ended:
            del self.refused[job]
        return ended
