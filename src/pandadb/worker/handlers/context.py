"""The job that a handler works on, and the failure that it can raise."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pandadb.worker.payload.job_directory import JobDirectory


class JobFailure(Exception):
    """A failure that a handler raises on purpose; its text is the job's error.

    Args:
        text: The error, for people.
        retry_in: Seconds until the next attempt; None for the job's own back-off.
        retryable: False if no further attempt is to be made.
        result: A JSON value, for the metadata of the job.
    """

    def __init__(
        self,
        text: str,
        *,
        retry_in: float | None = None,
        retryable: bool = True,
        result: Any = None,
    ) -> None:
        super().__init__(text)
        self.retry_in = retry_in
        self.retryable = retryable
        self.result = result


class JobContext:
    """The job of a handler that runs."""

    def __init__(
        self,
        pandaid: int,
        *,
        attempt: int = 1,
        name: str = "",
        make_directory: Callable[[], JobDirectory] | None = None,
    ) -> None:
        self.pandaid = pandaid
        self.attempt = attempt
        """1 for the first attempt."""
        self.name = name
        self._make_directory = make_directory
        self._directory: JobDirectory | None = None
        self._lock = threading.Lock()

    @property
    def cancelled(self) -> threading.Event:
        """Set when the handler should end: after its timeout, a cancel, or the loss of its lease.

        It is made at the first use, as that takes longer than the call of a small function.
        """
        own = vars(self)
        found: threading.Event | None = own.get("_cancelled")
        if found is None:  # `setdefault` is atomic: all threads have the same one
            found = own.setdefault("_cancelled", threading.Event())
        return found

    @property
    def directory(self) -> Path:
        """The directory of the job, made at the first use; files in it are outputs of the job.

        Raises:
            JobDirectoryError: It cannot be made.
        """
        with self._lock:
            if self._directory is None:
                if self._make_directory is None:
                    raise LookupError("this job has no directory")
                self._directory = self._make_directory()
            return self._directory.path

    @property
    def made_directory(self) -> JobDirectory | None:
        """The directory, if the handler has used it."""
        return self._directory


CURRENT: ContextVar[JobContext] = ContextVar("pandadb_job")


def current_job() -> JobContext:
    """Return the job of the handler that runs.

    Raises:
        LookupError: No handler runs here.
    """
    return CURRENT.get()
