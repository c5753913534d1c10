"""The journal of sequences in the database: WORKFLOWS and WORKFLOW_STEPS, under leases."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from pandadb.sequences.journal import (
    Action,
    SequenceJournal,
    SequenceStatus,
    StepAttempt,
    StepRecord,
)
from pandadb.sequences.results import FoundResult, JobNumbers
from pandadb.sequences.step_scripts import GRACE
from pandadb.services import workflows
from pandadb.services.workflows import AttemptKey, NewSequence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pandadb.database import Database
    from pandadb.errors import PandaDBError
    from pandadb.sequences.end_listener import EndListener
    from pandadb.services.workflows import SequenceLease, StepRun

LOGGER = logging.getLogger("pandadb.sequences")
RENEWED_AFTER = workflows.LEASE / 4
"""Seconds between two signs of life."""
POLL = 5.0
"""The same without notices of cancels."""
LEAST = 0.5
"""The least seconds between two, however many notices come."""
KEPT = workflows.LEASE - GRACE - 2.0
"""Seconds after a sign of life in which the steps are ended without another: they are killed
before the lease is over, and another process may go on."""
VERBS = {
    SequenceStatus.FINISHED: "finish",
    SequenceStatus.FAILED: "fail",
    SequenceStatus.CANCELLED: "cancel",
}


class DatabaseJournal:
    """The journal of all sequences of a process."""

    def __init__(
        self,
        database: Database,
        username: str,
        *,
        resume: bool = False,
        numbers: Mapping[Path, int] | None = None,
        again: bool = False,
        listener: EndListener | None = None,
    ) -> None:
        """Make a journal.

        Args:
            database: The database.
            username: Their user.
            resume: Whether sequences go on.
            numbers: The sequences of files that go on; of others the newest does.
            again: Whether a sequence may begin while a process runs the same one.
            listener: Its notices make cancels arrive at once.
        """
        self._database, self._username, self._listener = database, username, listener
        self._resume, self._numbers, self._again = resume, numbers or {}, again
        self.begun: dict[Path, int] = {}
        """The numbers of the sequences by their files."""

    def begin(self, path: Path, text: str, options: Mapping[str, str]) -> DatabaseSequenceJournal:
        """Begin a sequence, or go on with it.

        Raises:
            SequenceLocked: Another process runs it.
            SequenceNotFound, SequenceNotAllowed: It is to go on, and cannot.
        """
        new = NewSequence(str(path.absolute()), text, self._username, dict(options))
        steps: list[StepRun] = []
        kept_until = time.monotonic() + KEPT
        if self._resume:
            number = self._numbers.get(path)
            lease, steps = workflows.resume(self._database, new, number)
        else:
            lease = workflows.begin(self._database, new, again=self._again)
        self.begun[path] = lease.workflow_id
        return DatabaseSequenceJournal(self._database, lease, steps, self._listener, kept_until)


class DatabaseSequenceJournal(SequenceJournal):
    """The journal of one sequence; a thread of its own renews the lease."""

    def __init__(
        self,
        database: Database,
        lease: SequenceLease,
        steps: list[StepRun],
        listener: EndListener | None,
        kept_until: float,
    ) -> None:
        self._database, self._lease, self._listener = database, lease, listener
        self._records = {
            _attempt_of(one): _record_of(one) for one in steps if one.output is not None
        }
        self._steps = {_attempt_of(one): one.step_id for one in steps}
        self._refusal: PandaDBError | None = None
        self._is_over = threading.Event()
        self._on_refusal: Callable[[], None] | None = None
        self._kept_until = kept_until
        for run in (self._renew, self._watch):
            threading.Thread(target=run, name="sequence lease", daemon=True).start()

    @property
    def number(self) -> int:
        """The number of the sequence."""
        return self._lease.workflow_id

    @override
    def finished(self, attempt: StepAttempt) -> StepRecord | None:
        return self._records.get(attempt)

    @override
    def begin_step(self, attempt: StepAttempt) -> None:
        self.check()
        key = AttemptKey(attempt.step, attempt.number, dict(attempt.env), attempt.action.value)
        self._steps[attempt] = workflows.begin_step(self._database, self._lease, key)

    @override
    def end_step(self, attempt: StepAttempt, record: StepRecord) -> None:
        workflows.end_step(
            self._database,
            self._lease,
            self._steps[attempt],
            status=record.status,
            output=record.output,
            begun_at=record.begun_at.isoformat(),
            numbers=_given(record.numbers) if record.numbers else None,
        )
        self._records[attempt] = record

    @override
    def take_result(self, attempt: StepAttempt, result: FoundResult) -> None:
        stored = {
            "numbers": _given(result.numbers),
            "fields": dict(result.fields),
            "ended_at": result.ended_at.isoformat(),
        }
        workflows.take_result(self._database, self._lease, self._steps[attempt], stored)

    @override
    def check(self) -> None:
        if self._refusal is not None:
            raise self._refusal

    @override
    def on_refusal(self, call: Callable[[], None]) -> None:
        self._on_refusal = call
        if self._refusal is not None:
            call()

    @override
    def end(self, status: SequenceStatus, message: str | None = None) -> None:
        self._is_over.set()
        verb = VERBS.get(status)
        if isinstance(self._refusal, workflows.CancelRequested):
            verb = "cancel"
        elif isinstance(self._refusal, workflows.SequenceLeaseLost):
            verb = None  # it may be resumed
        if verb is None:
            workflows.interrupt(self._database, self._lease)
        else:
            workflows.end(self._database, self._lease, verb, message)

    def _renew(self) -> None:
        """Give signs of life until the sequence has ended, or may not go on."""
        while not self._is_over.is_set() and self._refusal is None:
            seen = self._listener.count if self._listener else 0
            began = time.monotonic()
            try:
                workflows.renew(self._database, self._lease)
                self._kept_until = began + KEPT
            except (workflows.SequenceLeaseLost, workflows.CancelRequested) as refusal:
                if not self._is_over.is_set():
                    self._refuse(refusal)
                return
            except Exception as error:  # noqa: BLE001 - the lease is the database's to judge
                LOGGER.warning("A sign of life of sequence %s was lost: %s", self.number, error)
            self._pause(seen)

    def _watch(self) -> None:
        """End the steps when no sign of life has come through in time.

        It uses no connection: a sign of life may wait for one that is cut for minutes.
        """
        while not self._is_over.wait(LEAST):
            if time.monotonic() >= self._kept_until:
                LOGGER.warning("No sign of life of sequence %s has come through", self.number)
                words = f"The lease of sequence {self.number} could not be renewed in time"
                self._refuse(workflows.SequenceLeaseLost(f"{words}: it can be resumed"))
                return

    def _refuse(self, refusal: PandaDBError) -> None:
        self._refusal = self._refusal or refusal
        if self._on_refusal:
            self._on_refusal()

    def _pause(self, seen: int) -> None:
        """Wait for the next sign of life, the end, or a notice."""
        self._is_over.wait(LEAST)
        deadline = time.monotonic() + (RENEWED_AFTER if self._listener else POLL) - LEAST
        while not self._is_over.is_set() and (left := deadline - time.monotonic()) > 0:
            if self._listener is None:
                self._is_over.wait(left)
            elif self._listener.wait(seen, min(left, LEAST)):
                return


def _attempt_of(step: StepRun) -> StepAttempt:
    env = tuple(sorted(step.env.items()))
    return StepAttempt(step.name, step.number, env, Action(step.action))


def _record_of(step: StepRun) -> StepRecord:
    result: Mapping[str, Any] | None = step.result
    found = result and FoundResult(
        JobNumbers(**result["numbers"]),
        result["fields"],
        datetime.fromisoformat(result["ended_at"]),
    )
    return StepRecord(
        status=step.exit_status or 0,
        output=step.output or "",
        begun_at=datetime.fromisoformat(str(step.begun_at)),
        numbers=JobNumbers(**step.jobs) if step.jobs else None,
        result=found or None,
    )


def _given(numbers: JobNumbers) -> dict[str, int]:
    """Return those of the numbers that there are."""
    found = {"jobset": numbers.jobset, "task": numbers.task, "job": numbers.job}
    return {name: number for name, number in found.items() if number is not None}
