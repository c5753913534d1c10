"""The journal of sequences: their finished steps, so that they can go on after a crash."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from pandadb.sequences.results import FoundResult, JobNumbers


class SequenceStatus(StrEnum):
    """How a sequence has ended, or that it runs."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    """By a signal: it may go on later."""
    CANCELLED = "cancelled"
    """By a user: it may not."""


class Action(StrEnum):
    """The kind of an attempt."""

    EXECUTE = "execute"
    RETRY = "retry"
    """A retry of the jobs that the step has submitted."""


@dataclass(frozen=True)
class StepAttempt:
    """One attempt of a step.

    Its four values identify it within its sequence, in a repetition of the sequence, too: `number`
    counts the attempts with the same step, action and environment, from 1.
    """

    step: str
    number: int
    env: tuple[tuple[str, str], ...] = ()
    """Names and values, sorted."""
    action: Action = Action.EXECUTE


@dataclass(frozen=True)
class StepRecord:
    """The end of an attempt."""

    status: int
    output: str
    begun_at: datetime
    """In UTC, without a zone."""
    numbers: JobNumbers | None = None
    """The jobs that it has submitted, if it is a step of PanDA."""
    result: FoundResult | None = field(default=None, compare=False)
    """Their result, once the sequence has it."""


class SequenceJournal(Protocol):
    """The journal of one run of one sequence; its methods are called by one thread."""

    def finished(self, attempt: StepAttempt) -> StepRecord | None:
        """Return the record of an attempt that has ended in an earlier run; None if there is none.

        With a record the step is not run again.
        """
        ...

    def begin_step(self, attempt: StepAttempt) -> None:
        """Record that an attempt begins, before it does.

        Raises:
            PandaDBError: The sequence may not go on: it was cancelled, or another process has it.
        """
        ...

    def end_step(self, attempt: StepAttempt, record: StepRecord) -> None:
        """Record that an attempt has ended."""
        ...

    def take_result(self, attempt: StepAttempt, result: FoundResult) -> None:
        """Record the result of the jobs that an attempt has submitted."""
        ...

    def check(self) -> None:
        """See that the sequence may go on; called while it waits.

        Raises:
            PandaDBError: It may not: it was cancelled, or another process has it.
        """
        ...

    def on_refusal(self, call: Callable[[], None]) -> None:
        """Have a function called, by any thread, as soon as the sequence may not go on."""
        ...

    def end(self, status: SequenceStatus, message: str | None = None) -> None:
        """Record that the sequence has ended; `message` is the error in a sentence."""
        ...


class Journal(Protocol):
    """The journal of all sequences of a process; called by the threads of the sequences."""

    def begin(self, path: Path, text: str, options: Mapping[str, str]) -> SequenceJournal:
        """Record that a sequence begins, or goes on; `text` is that of its file.

        Raises:
            PandaDBError: Another process runs it.
        """
        ...


class NullJournal:
    """A journal that keeps nothing, for runs without a database."""

    def begin(self, path: Path, text: str, options: Mapping[str, str]) -> SequenceJournal:
        """Return the journal of a sequence, which keeps nothing either."""
        del path, text, options
        return NullSequenceJournal()


class NullSequenceJournal(SequenceJournal):
    """The journal of a sequence that keeps nothing."""

    @override
    def finished(self, attempt: StepAttempt) -> StepRecord | None:
        return None

    @override
    def begin_step(self, attempt: StepAttempt) -> None:
        pass

    @override
    def end_step(self, attempt: StepAttempt, record: StepRecord) -> None:
        pass

    @override
    def take_result(self, attempt: StepAttempt, result: FoundResult) -> None:
        pass

    @override
    def check(self) -> None:
        pass

    @override
    def on_refusal(self, call: Callable[[], None]) -> None:
        pass

    @override
    def end(self, status: SequenceStatus, message: str | None = None) -> None:
        pass
