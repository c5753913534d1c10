"""One call of a handler in a thread: its result, or its failure in words."""

from __future__ import annotations

import contextvars
import json
import sys
import threading
import time
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pandadb.worker.handlers.context import CURRENT, JobContext, JobFailure
from pandadb.worker.payload.environment import mask_secrets
from pandadb.worker.payload.outcome import (
    WITHOUT_RESULT,
    PayloadOutcome,
    ProcessEnd,
    StopReason,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Collection, Mapping

    from pandadb.worker.handlers.registry import Handler

LONGEST_ERROR = 2_000
"""Characters of an error that are kept."""


class HandlerCall:
    """A handler that runs in a thread; methods as those of a payload's process.

    A thread cannot be killed. After a stop, and the grace, its result is discarded, and the
    function may go on until it looks at `current_job().cancelled`; a coroutine is cancelled.
    """

    def __init__(
        self,
        handler: Handler,
        arguments: Mapping[str, Any],
        context: JobContext,
        *,
        timeout: float | None = None,
        grace: float = 10.0,
        secrets: Collection[str] = (),
    ) -> None:
        self.handler, self.arguments, self.context = handler, arguments, context
        self._grace, self._secrets, self._timeout = grace, secrets, timeout
        self._reason: StopReason | None = None
        self._ended = threading.Condition()
        self._outcome: PayloadOutcome | None = None
        self._give_up_at: float | None = None
        self._task: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]] | None = None
        self._started = time.monotonic()
        self._thread = threading.Thread(
            target=contextvars.copy_context().run,
            args=(self._run,),
            name=f"job {context.pandaid}",
            daemon=True,  # a function that does not end must not hold the worker
        )
        self._thread.start()

    def renew(self, lease: float) -> None:
        """Nothing is to be done: a thread has no deadline of its own."""

    def stop(self, reason: StopReason, grace: float | None = None) -> None:
        """Ask the function to end, and give it up after the grace; it does not wait."""
        with self._ended:
            if self._outcome is not None:
                return
            self._reason = self._reason or reason
            give_up_at = time.monotonic() + (self._grace if grace is None else grace)
            self._give_up_at = min(self._give_up_at or give_up_at, give_up_at)
            self.context.cancelled.set()
            if self._task is not None:
                loop, task = self._task
                loop.call_soon_threadsafe(task.cancel)
            self._ended.notify_all()

    def wait(self) -> PayloadOutcome:
        """Wait for the end of the function, or until it is given up; return the outcome."""
        with self._ended:
            while self._outcome is None:
                if self._give_up_at is not None and time.monotonic() >= self._give_up_at:
                    break
                if self._is_late():
                    self.stop(StopReason.TIMEOUT)
                self._ended.wait(self._left())
            outcome = self._outcome or PayloadOutcome()
            if self._reason is not None:
                end = ProcessEnd(reason=self._reason)
                outcome = replace(
                    outcome, error=end.explanation({}, self._timeout), reason=self._reason
                )
            return replace(outcome, seconds=time.monotonic() - self._started)

    @property
    def is_abandoned(self) -> bool:
        """Whether the function still runs."""
        return self._thread.is_alive() and self._outcome is None

    def _is_late(self) -> bool:
        late = self._timeout is not None and time.monotonic() - self._started >= self._timeout
        return late and self._reason is None

    def _left(self) -> float | None:
        """Return the seconds to the next deadline."""
        if self._give_up_at is not None:
            return max(0.0, self._give_up_at - time.monotonic())
        if self._timeout is not None:
            return max(0.0, self._started + self._timeout - time.monotonic())
        return None

    def _run(self) -> None:
        CURRENT.set(self.context)
        if self.handler.is_async:
            outcome = run_handler(self.handler, self.arguments, self._secrets, self._run_task)
        else:
            outcome = run_handler(self.handler, self.arguments, self._secrets)
        with self._ended:
            self._outcome = outcome
            self._ended.notify_all()

    def _run_task(self, arguments: Mapping[str, Any]) -> Any:
        import asyncio  # noqa: PLC0415 - child processes of functions need none of it

        async def main() -> Any:
            task = asyncio.ensure_future(self.handler.function(**arguments))
            with self._ended:
                self._task = asyncio.get_running_loop(), task
                if self._reason is not None:
                    task.cancel()
            return await task

        try:
            return asyncio.run(main())
        finally:
            self._task = None


def run_handler(
    handler: Handler,
    arguments: Mapping[str, Any],
    secrets: Collection[str] = (),
    call: Any = None,
) -> PayloadOutcome:
    """Call a handler here; return its result, or its exception as the error, secrets masked."""
    refused = handler.check_arguments(arguments)
    if refused is not None:
        return PayloadOutcome(error=refused, is_retryable=False)
    try:
        result = call(arguments) if call else _called(handler, arguments)
        return WITHOUT_RESULT if result is None else PayloadOutcome(result=json_value(result))
    except JobFailure as failure:
        return _failed_on_purpose(failure, secrets)
    except NotJSON as error:
        return PayloadOutcome(error=f"The handler {handler.name} {error}", is_retryable=False)
    except BaseException as error:  # noqa: BLE001 - a handler may raise SystemExit
        if _is_cancelled(error):
            return PayloadOutcome(error="The coroutine was cancelled")
        return _failed(error, secrets)


def _called(handler: Handler, arguments: Mapping[str, Any]) -> Any:
    called = handler.function(**arguments)
    if not handler.is_async:
        return called
    import asyncio  # noqa: PLC0415

    return asyncio.run(called)


def _failed_on_purpose(failure: JobFailure, secrets: Collection[str]) -> PayloadOutcome:
    error = mask_secrets(str(failure), secrets)[:LONGEST_ERROR]
    try:
        result = json_value(failure.result)
    except NotJSON:
        result = None
    return PayloadOutcome(
        error=error, is_retryable=failure.retryable, retry_in=failure.retry_in, result=result
    )


def _is_cancelled(error: BaseException) -> bool:
    """Return whether an error is that of a cancelled coroutine."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


def _failed(error: BaseException, secrets: Collection[str]) -> PayloadOutcome:
    words = f"{type(error).__name__}: {error}".removesuffix(": ")
    trace = "".join(traceback.format_exception(error))
    return PayloadOutcome(
        error=mask_secrets(words, secrets)[:LONGEST_ERROR],
        output={"stderr": mask_secrets(trace, secrets)},
    )


class NotJSON(ValueError):
    """A result that JSON cannot have."""


def json_value(result: Any) -> Any:
    """Return a result as JSON has it: tuples as lists, keys as texts.

    Raises:
        NotJSON: It is no JSON value, such as a set or NaN.
    """
    if result is None:
        return None
    try:
        return json.loads(json.dumps(result, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise NotJSON(f"has returned a value that is no JSON: {error}") from None
