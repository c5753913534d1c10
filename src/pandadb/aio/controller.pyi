# Written from the functions of `pandadb.controller` by `pandadb docs stubs`.

import builtins
from collections.abc import AsyncIterator, Sequence
from typing import Any

from pandadb.aio.base.database import AsyncDatabase
from pandadb.controller import Locked, NotAllowed, NotFound, TooMany, VerbAborted, in_standing
from pandadb.core.jobs.search.job_choices import JobChoice
from pandadb.core.queue.verbs.standings import Standing
from pandadb.services.jobs import History, JobFilter, Page
from pandadb.services.queue import HeldLocks, NewQueueJob, Submitted, VerbOptions
from pandadb.services.selection import JobName, JobOutput, JobReport, VerbReport

__all__ = [
    "JobController",
    "JobFilter",
    "Locked",
    "NotAllowed",
    "NotFound",
    "TooMany",
    "VerbAborted",
    "VerbReport",
    "in_standing",
]

class JobController:
    """Verbs and reads on jobs of the job queue. Verbs take a JobFilter, PandaIDs or public ids.

    Each verb is one transaction: with `on_error` `abort` all jobs change or none, and with `skip`
    those that can. `limit` is the most jobs that it may take, and `dry_run` undoes all of
    it. `break_locks` ends sessions with locks that the verb needs.
    """

    def __init__(
        self,
        database: AsyncDatabase,
        *,
        user: str | None = None,
        options: VerbOptions | None = None,
    ) -> None: ...
    async def break_locks(
        self,
        chosen: JobChoice | None = None,
        flows: Sequence[int] | None = None,
    ) -> HeldLocks:
        """End the sessions that have locked jobs, or flows: see `services.queue.break_locks`."""

    async def cancel(
        self,
        chosen: JobChoice,
        *,
        cascade: bool = False,
        **rules: Any,
    ) -> VerbReport:
        """Cancel jobs in any state, or all that depends on them, too: see `cancel_jobs`."""

    async def count(
        self,
        chosen: JobFilter | None = None,
        by: str | Sequence[str] | None = None,
    ) -> Any:
        """Return how many jobs match, or how many for each value of columns: see `count_jobs`."""

    async def delete(
        self,
        chosen: JobChoice,
        *,
        limit: int | None = 10,
        whole_flows: bool = False,
        cancel: bool = False,
        **rules: Any,
    ) -> VerbReport:
        """Delete jobs that no worker has: see `services.queue.delete_jobs`."""

    def dump(
        self,
        chosen: JobChoice,
        *,
        archived: bool = False,
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield jobs with all that is known of them: see `dump`."""

    async def get(
        self,
        job: JobName,
        *,
        full: bool = False,
    ) -> dict[str, Any] | None:
        """Return a job from wherever it is, with `full` all of it; None if it is unknown."""

    async def history(
        self,
        job: JobName,
    ) -> History:
        """Return the states of a job over time, and its chain of attempts.

        Raises:
            UnknownJob: There is no job, nor anything known of it.
        """

    async def last_attempt(
        self,
        job: JobName,
    ) -> int:
        """Return the PandaID of the last attempt at the work of a job: itself, if it has no later.

        Raises:
            UnknownJob: There is no job, nor anything known of it.
        """

    async def list(
        self,
        chosen: JobFilter | None = None,
        *,
        full: bool = False,
        columns: Sequence[str] = ...,
        order: str = ...,
        descending: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> Page:
        """Return a page of jobs; the next comes with `after=page.next`: see `list_jobs`."""

    async def locks(
        self,
        chosen: JobChoice | None = None,
        flows: Sequence[int] | None = None,
    ) -> HeldLocks:
        """Return the holders of locks on jobs and flows: see `services.queue.held_locks`."""

    async def output(
        self,
        job: JobName,
    ) -> JobOutput:
        """Return the result of a job and the end of its payload's output: see `output`."""

    async def pause(
        self,
        chosen: JobChoice,
        **rules: Any,
    ) -> VerbReport:
        """Pause jobs that no worker has: see `services.queue.pause`."""

    async def report(
        self,
        chosen: JobFilter | None = None,
        *,
        interval: str = ...,
        intervals: int = 24,
    ) -> JobReport:
        """Return the numbers of jobs by state and queue, and a trend: see `report`."""

    async def rerun(
        self,
        chosen: JobChoice,
        *,
        force: bool = False,
        **rules: Any,
    ) -> VerbReport:
        """Run jobs again: see `services.queue.rerun`."""

    async def resume(
        self,
        chosen: JobChoice,
        **rules: Any,
    ) -> VerbReport:
        """Let paused and stopped jobs go on: see `services.queue.resume`."""

    async def retry(
        self,
        chosen: JobChoice,
        **rules: Any,
    ) -> VerbReport:
        """Try the present step of jobs again: see `services.queue.retry`."""

    async def set_state(
        self,
        chosen: JobChoice,
        state: Standing | str,
        **rules: Any,
    ) -> VerbReport:
        """Give jobs a state, for administrators: see `services.queue.set_state`."""

    async def stop(
        self,
        chosen: JobChoice,
        **rules: Any,
    ) -> VerbReport:
        """Cancel jobs that are ready or in flight: see `services.queue.stop_jobs`."""

    async def submit(
        self,
        jobs: Sequence[NewQueueJob],
        **given: Any,
    ) -> Submitted:
        """Submit jobs to their queues, all or none: see `services.queue.submit`."""

    async def update(
        self,
        chosen: JobChoice,
        *,
        dry_run: bool = False,
        **properties: Any,
    ) -> VerbReport:
        """Set the queue, priority and needs of jobs: see `services.selection.update`."""

    async def with_process(
        self,
        process: str,
        queue_name: str | None = None,
    ) -> builtins.list[int]:
        """Return the jobs with a process in a batch system, in their newest attempt."""
