"""Results of jobs from the database, without mail: notices wake, polls do without them."""

from __future__ import annotations

import logging
import random
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy.exc import InterfaceError, OperationalError

from pandadb.database import DatabaseUnreachable
from pandadb.database.pool import PoolExhausted
from pandadb.sequences.results import FoundResult, JobNumbers
from pandadb.services import notifications
from pandadb.services.notifications import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database
    from pandadb.sequences.end_listener import EndListener
    from pandadb.services.notifications import JobSummary

LOGGER = logging.getLogger("pandadb.sequences")
PASSING = (DatabaseUnreachable, PoolExhausted, OperationalError, InterfaceError)
"""Errors that pass: the server restarts, or a connection was lost."""
POLL = 5.0
"""Seconds between two looks without a notice, with a jitter."""


class DatabaseResults:
    """A source of results: the jobs of one user."""

    def __init__(
        self,
        database: Database,
        username: str,
        *,
        monitor_url: str | None = None,
        poll: float = POLL,
        listener: EndListener | None = None,
    ) -> None:
        """Make a source.

        Args:
            database: The database.
            username: The PRODUSERNAME of the jobs.
            monitor_url: The address of a monitor, for the field PandaMonURL.
            poll: Seconds between two looks without a notice.
            listener: Its notices wake; without one it polls alone.
        """
        self._database, self._username, self._monitor_url = database, username, monitor_url
        self._poll = poll
        self._listener = listener
        self._looks: dict[JobNumbers, tuple[int, float]] = {}
        """Of jobs without a result: the notices at the last look, and the time of the next."""
        self._unknown: set[JobNumbers] = set()
        self._seen = threading.local()

    def find(self, numbers: JobNumbers, *, newer_than: datetime | None) -> FoundResult | None:
        """Return the result of jobs that have all ended, the last after a time; None before.

        Without a notice it looks again after the pause of a poll.
        """
        count = self._listener.count if self._listener else 0  # before the query
        self._seen.count = count
        seen, due = self._looks.get(numbers, (-1, 0.0))
        if seen == count and time.monotonic() < due:
            return None
        try:
            summary = notifications.summary(self._database, self._target(numbers))
        except PASSING as error:
            LOGGER.warning("The database cannot be asked for results, it is tried again: %s", error)
            self._put_off(numbers, count)
            return None
        (self._unknown.add if summary is None else self._unknown.discard)(numbers)
        ended = summary.ended if summary and summary.is_ended else None
        if summary and ended and (newer_than is None or ended > newer_than):
            self._looks.pop(numbers, None)
            return self._result(numbers, summary, ended)
        self._put_off(numbers, count)
        return None

    def _put_off(self, numbers: JobNumbers, count: int) -> None:
        """Look for a result again after the pause of a poll, or a notice."""
        pause = self._poll * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        self._looks[numbers] = count, time.monotonic() + pause

    def knows(self, numbers: JobNumbers) -> bool:
        """Return whether the database had jobs, or a task, with these numbers at the last look."""
        return numbers in self._looks and numbers not in self._unknown

    def _target(self, numbers: JobNumbers) -> Target:
        return Target(numbers.jobset, numbers.task, numbers.job, self._username)

    def _result(self, numbers: JobNumbers, summary: JobSummary, ended: datetime) -> FoundResult:
        fields = notifications.fields(summary, self._monitor_url)
        return FoundResult(numbers, fields, ended)

    def wait(self, seconds: float) -> None:
        """Wait for a notice after the last look of this thread, for so many seconds at most."""
        if self._listener:
            self._listener.wait(getattr(self._seen, "count", 0), seconds)
        else:
            time.sleep(seconds)

    def running(self) -> Iterator[JobNumbers]:
        """Yield the job sets and tasks of the user that have not ended."""
        for one in notifications.running(self._database, self._username):
            yield JobNumbers(jobset=one.jobsetid, task=one.jeditaskid)

    def frozen(self, days: int) -> Iterator[FoundResult]:
        """Yield the results of the last days, live and archived, the oldest first."""
        for one in notifications.frozen(self._database, self._username, days):
            by_set = one.jobsetid is not None
            task = None if by_set else one.jeditaskid
            numbers = JobNumbers(jobset=one.jobsetid, task=task)
            yield self._result(numbers, one, one.ended or datetime.now(UTC).replace(tzinfo=None))
