"""Calls of handlers in the thread of a slot: no thread, directory or statement for each job."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pandadb.errors import PandaDBError
from pandadb.worker.handlers.call import run_handler
from pandadb.worker.handlers.context import CURRENT, JobContext
from pandadb.worker.handlers.registry import HANDLERS, find_handler
from pandadb.worker.payload.outcome import WITHOUT_RESULT, PayloadOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from pandadb.services.queue import Lease
    from pandadb.worker.held_jobs import HeldJob
    from pandadb.worker.payload.job_directory import JobDirectory
    from pandadb.worker.payload.outcome import StopReason

QUICK_KEYS = {"handler", "arguments"}
"""Keys of a payload that needs no more than a call: no inputs, timeout or environment."""


def is_quick(lease: Lease) -> bool:
    """Return whether a job is a call in this process, without a time limit of its own."""
    if lease.kind == "none":
        return True
    if lease.kind != "handler" or not lease.parameters.keys() <= QUICK_KEYS:
        return False
    handler = HANDLERS.get(lease.parameters["handler"])
    return handler is None or not handler.process


class QuickCall:
    """A call that runs, as a `HeldJob` knows it."""

    def __init__(self, lease: Lease) -> None:
        self.context = JobContext(
            lease.pandaid, attempt=lease.attemptnr, name=lease.name or lease.public_id
        )
        self.started = time.monotonic()
        self.directory: JobDirectory | None = None
        self._is_noted = False

    def is_late(self, before: float) -> bool:
        """Return, once, whether it has begun before a time of the monotonic clock."""
        if self._is_noted or self.started >= before:
            return False
        self._is_noted = True
        return True

    def renew(self, seconds: float) -> None:
        """Nothing is to be done: a thread has no deadline of its own."""

    def stop(self, reason: StopReason, grace: float | None = None) -> None:  # noqa: ARG002
        """Ask the function to end; it looks at `current_job().cancelled`."""
        self.context.cancelled.set()

    def tail(self) -> str:
        """Return the tail of the output: there is none."""
        return ""


class CallingThread:
    """The calls of one thread; coroutines have its event loop."""

    def __init__(self, secrets: frozenset[str]) -> None:
        self._secrets = secrets
        self._runner: asyncio.Runner | None = None

    def work(self, job: HeldJob) -> PayloadOutcome:
        """Call the handler of a job; return its outcome."""
        if job.is_stopped:
            return PayloadOutcome(reason=job.stop_reason)
        if job.lease.kind == "none":
            return WITHOUT_RESULT
        call = QuickCall(job.lease)
        job.begin(call)
        CURRENT.set(call.context)
        outcome = self._called(job.lease.parameters)
        if outcome.error is not None and job.stop_reason is not None:
            return replace(outcome, reason=job.stop_reason)
        return outcome

    def end(self) -> None:
        """Close the event loop, if there is one."""
        if self._runner is not None:
            self._runner.close()

    def _called(self, parameters: Mapping[str, Any]) -> PayloadOutcome:
        try:
            handler = find_handler(parameters["handler"])
        except PandaDBError as error:
            return PayloadOutcome(error=str(error))
        arguments = parameters.get("arguments") or {}
        call: Callable[[Mapping[str, Any]], Any] = lambda given: handler.function(**given)  # noqa: E731
        if handler.is_async:
            call = lambda given: self._run(handler.function(**given))  # noqa: E731
        return run_handler(handler, arguments, self._secrets, call)

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(coroutine)
