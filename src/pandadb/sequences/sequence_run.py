"""One run of one sequence: its journal, its sources, and whether it may go on."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pandadb.sequences import database_results
from pandadb.sequences.journal import Action, NullSequenceJournal, StepAttempt
from pandadb.sequences.step_scripts import Stopped
from pandadb.services import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from pandadb.sequences.journal import SequenceJournal, StepRecord
    from pandadb.sequences.local_jobs import LocalJobs
    from pandadb.sequences.results import FoundResult, JobNumbers, ResultSource
    from pandadb.sequences.step_scripts import ScriptRunner

Value = TypeVar("Value")
LOGGER = logging.getLogger("pandadb.sequences")
PAUSE = 0.2
"""Least seconds between two looks of a sequence that asks again and again without blocking."""
AWAY = 2.0
"""Seconds after which a database that was away is asked again."""
WAIT = 1.0
"""Seconds after which a waiting sequence sees whether it may go on."""


class SequenceHeld(Stopped):
    """The journal has refused to go on; the text is its sentence."""


@dataclass
class SequenceRun:
    """The things that the steps of a sequence share."""

    runner: ScriptRunner
    show: Callable[[str], None]
    """Shows text on standard output."""
    source: ResultSource | None = None
    """Where results of jobs come from; None if there is no such place."""
    local_jobs: LocalJobs | None = None
    journal: SequenceJournal = field(default_factory=NullSequenceJournal)
    stopped: threading.Event = field(default_factory=threading.Event)
    scan_days: int = 3
    """Days for which frozen jobs are looked for."""
    step_timeout: float | None = None
    """Seconds that each step may run; None for any."""
    settle: Callable[[], None] = lambda: None
    """Called before a step shows something: a `print` of Python 2 may owe a space."""
    text_of: Callable[[Any], str] = str
    """Makes texts of the variables of steps."""
    _attempts: Counter[tuple[str, Action, tuple[tuple[str, str], ...]]] = field(
        default_factory=Counter
    )
    _looked_at: float = 0.0

    def attempt(
        self, step: str, env: Mapping[str, str], action: Action = Action.EXECUTE
    ) -> StepAttempt:
        """Return the next attempt of a step."""
        values = tuple(sorted(env.items()))
        self._attempts[step, action, values] += 1
        return StepAttempt(step, self._attempts[step, action, values], values, action)

    def check(self) -> None:
        """See that the sequence may go on.

        Raises:
            Stopped: It may not.
        """
        if self.stopped.is_set():
            raise Stopped
        self.kept(self.journal.check)

    def kept(self, call: Callable[[], Value]) -> Value:
        """Return the value of a call of the journal; a database that is away is waited for.

        Raises:
            SequenceHeld: The journal refuses. No `except` of a sequence catches that.
            Stopped: The sequence was stopped while it waited.
        """
        while True:
            try:
                return call()
            except Exception as error:
                if not isinstance(error, database_results.PASSING):
                    raise SequenceHeld(sentence(error)) from error
                LOGGER.warning("The database is away, and is waited for: %s", sentence(error))
            if self.stopped.wait(AWAY):
                raise Stopped

    def find(self, numbers: JobNumbers, newer_than: datetime | None) -> FoundResult | None:
        """Return the result of jobs; None while there is none.

        Raises:
            RuntimeError: Results of jobs have no source.
        """
        if self.source is None:
            raise RuntimeError(
                f"The result of {numbers} cannot be known: write a mailbox into panda.cfg, "
                "or set PANDADB_URL"
            )
        return self.source.find(numbers, newer_than=newer_than)

    def recorded(self, attempt: StepAttempt, make: Callable[[], StepRecord]) -> StepRecord:
        """Return the record of an attempt: that of an earlier run, or of a new one.

        Raises:
            Stopped: The sequence may not go on.
        """
        self.check()
        found = self.kept(lambda: self.journal.finished(attempt))
        if found is not None:
            LOGGER.info("%s was done in an earlier run: status %s", attempt.step, found.status)
            return found
        self.kept(lambda: self.journal.begin_step(attempt))
        record = make()
        self.kept(lambda: self.journal.end_step(attempt, record))
        return record

    def take_result(self, attempt: StepAttempt | None, result: FoundResult) -> None:
        """Record the result of an attempt's jobs; there is no attempt for jobs of elsewhere."""
        if attempt is not None:
            self.kept(lambda: self.journal.take_result(attempt, result))

    def pause(self) -> None:
        """Slow down a sequence that asks for results again and again without blocking."""
        left = self._looked_at + PAUSE - time.monotonic()
        if left > 0 and self.source is not None:
            self.source.wait(left)
        self._looked_at = time.monotonic()
        self.check()

    def waits(self) -> Iterator[None]:
        """Wait again and again until something may have changed."""
        while self.source is not None:
            yield
            self.source.wait(WAIT)
            self.check()

    def sleep(self, seconds: float) -> None:
        """Sleep, unless the sequence is stopped.

        Raises:
            Stopped: It is.
        """
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.stopped.wait(min(left, WAIT))
            self.check()


def sentence(error: BaseException) -> str:
    """Return an error as a sentence."""
    return failures.sentence_of(error) if isinstance(error, failures.DBAPIError) else str(error)
