"""What the job controller reads: jobs listed, counted, looked up, and reported on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.services import jobs, selection
from pandadb.services.jobs import JobFilter, UnknownJob

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pandadb.database import Database
    from pandadb.services.jobs import History, Page
    from pandadb.services.selection import JobChoice, JobName, JobOutput, JobReport


class JobReads:
    """Reads of jobs; filters are JobFilter values, a job is a PandaID or a public id.

    Jobs that the database lacks are looked up in `archive`, another database with copied days, and
    in `exports`, a folder of exported months.
    """

    database: Database
    archive: Database | None = None
    exports: Path | None = None

    def list(
        self,
        chosen: JobFilter | None = None,
        *,
        full: bool = False,
        columns: Sequence[str] = selection.SHORT,
        order: str = "pandaid",
        descending: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> Page:
        """Return a page of jobs; the next comes with `after=page.next`: see `list_jobs`."""
        return selection.list_jobs(
            self.database,
            chosen or JobFilter(),
            full=full,
            columns=columns,
            order=order,
            descending=descending,
            limit=limit,
            after=after,
        )

    def count(self, chosen: JobFilter | None = None, by: str | Sequence[str] | None = None) -> Any:
        """Return how many jobs match, or how many for each value of columns: see `count_jobs`."""
        return selection.count_jobs(self.database, chosen or JobFilter(), by)

    def get(self, job: JobName, *, full: bool = False) -> dict[str, Any] | None:
        """Return a job from wherever it is, with `full` all of it; None if it is unknown."""
        try:
            (pandaid,) = selection.pandaids(self.database, [job])
            found = jobs.get(self.database, pandaid, archive=self.archive, exports=self.exports)
        except UnknownJob:
            return None
        return found if full else {name: found[name] for name in ("table", *selection.SHORT)}

    def history(self, job: JobName) -> History:
        """Return the states of a job over time, and its chain of attempts.

        Raises:
            UnknownJob: There is no job, nor anything known of it.
        """
        (pandaid,) = selection.pandaids(self.database, [job])
        return jobs.history(self.database, pandaid, archive=self.archive, exports=self.exports)

    def last_attempt(self, job: JobName) -> int:
        """Return the PandaID of the last attempt at the work of a job: itself, if it has no later.

        Raises:
            UnknownJob: There is no job, nor anything known of it.
        """
        return max(attempt.pandaid for attempt in self.history(job).attempts)

    def report(
        self, chosen: JobFilter | None = None, *, interval: str = "hour", intervals: int = 24
    ) -> JobReport:
        """Return the numbers of jobs by state and queue, and a trend: see `report`."""
        return selection.report(
            self.database, chosen or JobFilter(), interval=interval, intervals=intervals
        )

    def dump(self, chosen: JobChoice, *, archived: bool = False) -> Iterator[dict[str, Any]]:
        """Yield jobs with all that is known of them: see `dump`."""
        return selection.dump(self.database, chosen, archived=archived)

    def output(self, job: JobName) -> JobOutput:
        """Return the result of a job and the end of its payload's output: see `output`."""
        return selection.output(self.database, job, archive=self.archive, exports=self.exports)
