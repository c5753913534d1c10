"""The outcome of a payload: its end, explained, with its result and its output files."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandadb.worker.payload.outputs import OutputFile

NOT_STARTED = 127
"""Exit code of a payload that could not be started, as a shell has it."""
SHELL_SIGNALS = 128
"""A shell ends with this number and that of the signal that has killed its last program."""


class StopReason(StrEnum):
    """The reason for which the worker has ended a payload."""

    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    LEASE = "lease"
    """The lease has ended, or was lost: another worker may have the job."""
    DRAIN = "drain"
    """The worker stops, and gives the job back."""
    WORKER = "worker"
    """The worker's process has ended."""


STOPPED = {
    StopReason.CANCELLED: "The payload was cancelled",
    StopReason.LEASE: "The payload was ended, as its lease had ended",
    StopReason.DRAIN: "The payload was ended, as its worker stops",
    StopReason.WORKER: "The payload was ended, as its worker had ended",
}


@dataclass(frozen=True)
class PayloadOutcome:
    """The outcome of a payload; without an error it has finished."""

    error: str | None = None
    """A sentence, for people; None if the payload has finished."""
    exit_code: int | None = None
    """None if a signal has ended it, or for a handler."""
    signal: int | None = None
    reason: StopReason | None = None
    """The reason for which the worker has ended the payload; None if it ended by itself."""
    is_retryable: bool = True
    """Whether another attempt may have another outcome."""
    retry_in: float | None = None
    """Seconds until the next attempt, if the payload has asked for a time."""
    result: Any = None
    """A JSON value."""
    outputs: tuple[OutputFile, ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    max_rss: int = 0
    """The largest resident memory of one process, kB."""
    output: dict[str, str] = field(default_factory=dict)
    """The tails of stdout and stderr."""

    @property
    def is_ok(self) -> bool:
        """Whether the payload has finished."""
        return self.error is None and self.reason is None


WITHOUT_RESULT = PayloadOutcome()
"""The outcome of most calls of small functions: to make another takes as long as such a call."""


@dataclass(frozen=True)
class ProcessEnd:
    """The end of the processes of a payload, as their supervisor reports it."""

    refused: str | None = None
    """The error of the system, if the payload could not be started."""
    exit_code: int | None = None
    signal: int | None = None
    reason: StopReason | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    max_rss: int = 0

    def explanation(self, limits: dict[str, int], timeout: float | None) -> str | None:
        """Return a sentence about an end that is no success; None for exit code 0."""
        if self.refused is not None:
            return f"The payload could not be started: {self.refused}"
        if self.reason is StopReason.TIMEOUT:
            return f"The payload ran longer than its timeout of {timeout:g} s"
        return STOPPED[self.reason] if self.reason else self._own_end(limits)

    def _own_end(self, limits: dict[str, int]) -> str | None:
        if self.exit_code == 0:
            return None
        number = self.signal or (self.exit_code or 0) - SHELL_SIGNALS
        if number == signal.SIGXCPU and "cpu" in limits:
            return f"The payload used more than its limit of {limits['cpu']} s of CPU time"
        if number == signal.SIGXFSZ and "file_size" in limits:
            size = limits["file_size"] / 2**20
            return f"The payload wrote a file larger than its limit of {size:g} MB"
        if self.signal is not None:
            return f"The payload was killed by {signal_name(self.signal)}"
        known = f", as after {signal_name(number)}" if 0 < number < signal.NSIG else ""
        return f"The payload ended with code {self.exit_code}{known}"


def signal_name(number: int) -> str:
    """Return the name of a signal with its meaning: `SIGSEGV (Segmentation fault)`."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    meaning = signal.strsignal(number)
    return f"{name} ({meaning.partition(':')[0]})" if meaning else name
