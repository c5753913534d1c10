"""One attempt of a job: its payload, made, started, stopped and waited for."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pandadb.errors import PandaDBError
from pandadb.worker.handlers import child
from pandadb.worker.handlers.call import HandlerCall
from pandadb.worker.handlers.context import JobContext
from pandadb.worker.handlers.registry import find_handler
from pandadb.worker.payload.description import parse_payload
from pandadb.worker.payload.environment import mask_secrets, payload_environment
from pandadb.worker.payload.job_directory import (
    OWN_FILES,
    JobDirectory,
    JobDirectoryError,
    make_job_directory,
)
from pandadb.worker.payload.outcome import NOT_STARTED, PayloadOutcome, ProcessEnd, StopReason
from pandadb.worker.payload.outputs import find_outputs
from pandadb.worker.payload.process import GRACE, PayloadProcess, ProcessOrder
from pandadb.worker.payload.resource_limits import resource_limits, timeout_of
from pandadb.worker.payload.tails import join_tails, read_tail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pandadb.worker.handlers.registry import Handler
    from pandadb.worker.payload.outputs import OutputFile

LONGEST_LINE = 300


class JobAttempt(NamedTuple):
    """A job with its token, as a worker has claimed it."""

    pandaid: int
    token: int
    parameters: str | Mapping[str, Any] | None
    columns: Mapping[str, Any] = {}
    """Columns of the job, for its limits."""
    resources: Mapping[str, Any] | None = None
    number: int = 1
    """1 for the first attempt."""
    name: str = ""
    public_id: str | None = None
    lease: float | None = None
    """Seconds that the payload may run without a renewal of its lease."""
    lease_grace: float | None = None
    """Seconds between SIGTERM and SIGKILL then; None: the place's."""


@dataclass(frozen=True)
class WorkPlace:
    """The place where a worker runs payloads, and its rules."""

    work_dir: Path
    modules: tuple[str, ...] = ()
    """Modules with handlers."""
    passed: tuple[str, ...] = ()
    """Names of variables that payloads have of the worker."""
    grace: float = GRACE
    """Seconds between SIGTERM and SIGKILL."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


class JobRun:
    """The payload of an attempt; all methods can be called from any thread.

    Raises:
        InvalidPayload: The description of the payload is malformed.
        UnknownHandler: This worker has no such handler.
        JobDirectoryError: The directory cannot be made.
        NotStarted: The system has no process for it.
    """

    def __init__(self, attempt: JobAttempt, place: WorkPlace) -> None:
        self.attempt, self.place = attempt, place
        self.payload = parse_payload(attempt.parameters)
        self.limits = resource_limits(attempt.columns, attempt.resources)
        self.timeout = timeout_of(attempt.columns, self.payload.timeout)
        self.directory: JobDirectory | None = None
        self.started = time.time()
        handler = find_handler(self.payload.handler) if self.payload.handler else None
        self.repeats = handler is None or handler.repeats
        if handler is not None and not handler.process:
            self.running: HandlerCall | PayloadProcess = self._call(handler)
        else:
            self.running = self._process(handler)

    @property
    def is_abandoned(self) -> bool:
        """Whether a function still runs that could not be ended."""
        return isinstance(self.running, HandlerCall) and self.running.is_abandoned

    def renew(self, lease: float) -> None:
        """Let the payload run for so many seconds from now on."""
        self.running.renew(lease)

    def stop(self, reason: StopReason, grace: float | None = None) -> None:
        """Ask the payload to end, and end it after the grace; it does not wait."""
        self.running.stop(reason, grace)

    def wait(self) -> PayloadOutcome:
        """Wait for the end of the payload; return its outcome, also written to its directory."""
        if isinstance(self.running, HandlerCall):
            outcome = self.running.wait()
            self.directory = self.running.context.made_directory
            if self.directory is not None:
                outcome = replace(outcome, outputs=self._outputs(self.directory))
        else:
            outcome = self._outcome(self.running.wait())
        return self._recorded(outcome) if self.directory else outcome

    def tail(self) -> str:
        """Return the tail of the payload's output, as long as JOBSDEBUG can have it."""
        if self.directory is None:
            return ""
        return join_tails(read_tail(self.directory.stdout), read_tail(self.directory.stderr))

    def _call(self, handler: Handler) -> HandlerCall:
        return HandlerCall(
            handler,
            self.payload.arguments,
            self._context(),
            timeout=self.timeout,
            grace=self.place.grace,
            secrets=self.place.secrets,
        )

    def _context(self) -> JobContext:
        return JobContext(
            self.attempt.pandaid,
            attempt=self.attempt.number,
            name=self.attempt.name,
            make_directory=lambda: self._make_directory({}),
        )

    def _process(self, handler: Handler | None) -> PayloadProcess:
        order: dict[str, Any] = {"argv": self.payload.argv, "env": self.payload.env}
        argv = list(self.payload.argv)
        if handler is not None:
            order = child.child_order(
                handler.name, self.payload.arguments, self.place.modules, self._context()
            )
            argv = child.child_argv()
        self.directory = self._make_directory(order)
        return PayloadProcess(
            ProcessOrder(
                argv,
                self._environment(self.directory),
                self.limits,
                self.timeout,
                self.place.grace,
                self.attempt.lease,
                self.attempt.lease_grace,
            ),
            self.directory,
        )

    def _make_directory(self, order: Mapping[str, Any]) -> JobDirectory:
        known = {"pandaid": self.attempt.pandaid, "token": self.attempt.token, **order}
        name = f"{self.attempt.pandaid}-{self.attempt.token}"
        return make_job_directory(self.place.work_dir, name, known, self.payload.inputs)

    def _environment(self, directory: JobDirectory) -> dict[str, str]:
        identity = {
            "PANDADB_JOB_ID": str(self.attempt.pandaid),
            "PANDADB_ATTEMPT": str(self.attempt.number),
            "PANDADB_JOB_DIR": str(directory.path),
        }
        if self.attempt.public_id:
            identity["PANDADB_PUBLIC_ID"] = self.attempt.public_id
        return payload_environment(
            self.payload.env, directory.path, identity=identity, passed=self.place.passed
        )

    def _outcome(self, end: ProcessEnd) -> PayloadOutcome:
        """Return the outcome of processes that have ended."""
        directory = self._directory()
        error = end.explanation(self.limits, self.timeout)
        known = child.read_end(directory) if self.payload.handler and end.reason is None else None
        if known is None:
            known = self._of_program(error, end)
            known = replace(known, is_retryable=known.is_retryable and self.repeats)
        return replace(
            known,
            exit_code=NOT_STARTED if end.refused else end.exit_code,
            signal=end.signal,
            reason=end.reason,
            outputs=self._outputs(directory),
            seconds=end.seconds,
            cpu_seconds=end.cpu_seconds,
            max_rss=end.max_rss,
            output={name: read_tail(directory.path / name) for name in ("stdout", "stderr")},
        )

    def _outputs(self, directory: JobDirectory) -> tuple[OutputFile, ...]:
        return find_outputs(directory.path, {*OWN_FILES, *self.payload.inputs})

    def _of_program(self, error: str | None, end: ProcessEnd) -> PayloadOutcome:
        directory = self._directory()
        last_line = _last_line(read_tail(directory.stderr, 4096))
        if error is None and last_line and self.payload.stderr_is_failure:
            error = "The payload wrote to its standard error"
        if error is None:
            try:
                return PayloadOutcome(result=directory.read_result())
            except ValueError as wrong:
                error, last_line = f"The payload's result.json is no result: {wrong}", ""
        if end.reason is None:
            error += last_line
        if directory.is_full:
            error += "; no space is left on the disk of its directory"
        return PayloadOutcome(
            error=mask_secrets(error, self.place.secrets),
            is_retryable=not self.payload.failure_is_final,
        )

    def _recorded(self, outcome: PayloadOutcome) -> PayloadOutcome:
        """Write the outcome and the marker into the directory; a full disk makes it a failure."""
        directory = self._directory()
        shown = {name: value for name, value in asdict(outcome).items() if name != "output"}
        try:
            directory.write_end(
                {"started": self.started, "ended": time.time(), **shown}, ok=outcome.is_ok
            )
        except JobDirectoryError as error:
            return replace(outcome, error=outcome.error or str(error))
        return outcome

    def _directory(self) -> JobDirectory:
        if self.directory is None:
            raise PandaDBError(f"job {self.attempt.pandaid} has no directory")
        return self.directory


def _last_line(text: str) -> str:
    lines = text.split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f": {last[:LONGEST_LINE]}" if last else ""
