"""Results of the database; and of a mailbox, for jobs that the database does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pandadb.sequences.database_results import DatabaseResults
    from pandadb.sequences.results import FoundResult, JobNumbers, ResultSource


class JoinedResults:
    """A source of two. A mail on jobs of the database is late, and may be on an earlier end."""

    def __init__(self, database: DatabaseResults, mail: ResultSource) -> None:
        """Join two sources."""
        self._database, self._mail = database, mail

    def find(self, numbers: JobNumbers, *, newer_than: datetime | None) -> FoundResult | None:
        """Return the result of jobs by the database, or by mail if it has none of them."""
        found = self._database.find(numbers, newer_than=newer_than)
        if found is not None or self._database.knows(numbers):
            return found
        return self._mail.find(numbers, newer_than=newer_than)

    def wait(self, seconds: float) -> None:
        """Wait for a notice, for so many seconds at most; the mailbox decides when it looks."""
        self._database.wait(seconds)

    def running(self) -> Iterable[JobNumbers]:
        """Return the jobs of the user that have not ended."""
        found = *self._database.running(), *self._mail.running()
        return {one.number: one for one in found}.values()

    def frozen(self, days: int) -> Iterable[FoundResult]:
        """Return the results of the last days, each job set or task once, the oldest first."""
        found: dict[int, FoundResult] = {}
        for one in (*self._database.frozen(days), *self._mail.frozen(days)):
            found.setdefault(one.numbers.number, one)
        return sorted(found.values(), key=lambda one: one.ended_at)
