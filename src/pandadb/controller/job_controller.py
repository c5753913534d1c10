"""The job controller: jobs and flows of the job queue, by filter, by names, or one."""

from __future__ import annotations

import getpass
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pandadb.controller.flow_controller import FlowController
from pandadb.controller.job_reads import JobReads
from pandadb.services import queue, selection
from pandadb.services.queue import VerbOptions, VerbRules
from pandadb.services.selection import DESTRUCTIVE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.jobs.search.job_choices import JobChoice
    from pandadb.core.queue.verbs.standings import Standing
    from pandadb.database import Database
    from pandadb.services.queue import HeldLocks, NewQueueJob, Submitted
    from pandadb.services.selection import OnError, VerbReport


class JobController(JobReads):
    """Verbs and reads on jobs of the job queue. Verbs take a JobFilter, PandaIDs or public ids.

    Each verb is one transaction: with `on_error` `abort` all jobs change or none, and with `skip`
    those that can. `limit` is the most jobs that it may take, and `dry_run` undoes all of
    it. `break_locks` ends sessions with locks that the verb needs.
    """

    def __init__(
        self, database: Database, *, user: str | None = None, options: VerbOptions | None = None
    ) -> None:
        self.database = database
        self.user = user or getpass.getuser()
        self.options = options or VerbOptions()
        self.flows = FlowController(database, self.options)

    def submit(self, jobs: Sequence[NewQueueJob], **given: Any) -> Submitted:
        """Submit jobs to their queues, all or none: see `services.queue.submit`."""
        return queue.submit(self.database, jobs, self.options, **given)

    def rerun(self, chosen: JobChoice, *, force: bool = False, **rules: Any) -> VerbReport:
        """Run jobs again: see `services.queue.rerun`."""
        return queue.rerun(self.database, chosen, self._rules(**rules), force=force)

    def retry(self, chosen: JobChoice, **rules: Any) -> VerbReport:
        """Try the present step of jobs again: see `services.queue.retry`."""
        return queue.retry(self.database, chosen, self._rules(**rules))

    def pause(self, chosen: JobChoice, **rules: Any) -> VerbReport:
        """Pause jobs that no worker has: see `services.queue.pause`."""
        return queue.pause(self.database, chosen, self._rules(**rules))

    def resume(self, chosen: JobChoice, **rules: Any) -> VerbReport:
        """Let paused and stopped jobs go on: see `services.queue.resume`."""
        return queue.resume(self.database, chosen, self._rules(**rules))

    def stop(self, chosen: JobChoice, **rules: Any) -> VerbReport:
        """Cancel jobs that are ready or in flight: see `services.queue.stop_jobs`."""
        return queue.stop_jobs(self.database, chosen, self._rules(**rules), by=self.user)

    def cancel(self, chosen: JobChoice, *, cascade: bool = False, **rules: Any) -> VerbReport:
        """Cancel jobs in any state, or all that depends on them, too: see `cancel_jobs`."""
        given = self._rules(**rules)
        return queue.cancel_jobs(self.database, chosen, given, by=self.user, cascade=cascade)

    def delete(
        self,
        chosen: JobChoice,
        *,
        limit: int | None = DESTRUCTIVE_LIMIT,
        whole_flows: bool = False,
        cancel: bool = False,
        **rules: Any,
    ) -> VerbReport:
        """Delete jobs that no worker has: see `services.queue.delete_jobs`."""
        given = self._rules(limit=limit, **rules)
        return queue.delete_jobs(
            self.database, chosen, given, whole_flows=whole_flows, cancel=cancel
        )

    def set_state(self, chosen: JobChoice, state: Standing | str, **rules: Any) -> VerbReport:
        """Give jobs a state, for administrators: see `services.queue.set_state`."""
        return queue.set_state(self.database, chosen, state, self._rules(**rules))

    def update(self, chosen: JobChoice, *, dry_run: bool = False, **properties: Any) -> VerbReport:
        """Set the queue, priority and needs of jobs: see `services.selection.update`."""
        options, mine = replace(self.options, dry_run=dry_run), queue.of_queue(chosen)
        return selection.update(self.database, mine, options=options, **properties)

    def with_process(self, process: str, queue_name: str | None = None) -> list[int]:
        """Return the jobs with a process in a batch system, in their newest attempt."""
        return queue.with_process(self.database, process, queue_name)

    def locks(
        self, chosen: JobChoice | None = None, flows: Sequence[int] | None = None
    ) -> HeldLocks:
        """Return the holders of locks on jobs and flows: see `services.queue.held_locks`."""
        return queue.held_locks(self.database, chosen, flows)

    def break_locks(
        self, chosen: JobChoice | None = None, flows: Sequence[int] | None = None
    ) -> HeldLocks:
        """End the sessions that have locked jobs, or flows: see `services.queue.break_locks`."""
        return queue.break_locks(self.database, chosen, flows)

    def _rules(
        self,
        *,
        dry_run: bool = False,
        limit: int | None = None,
        on_error: OnError = "abort",
        break_locks: bool = False,
    ) -> VerbRules:
        options = VerbOptions(self.options.lock, self.options.patience, self.options.host, dry_run)
        return VerbRules(options, limit, on_error, break_locks)
