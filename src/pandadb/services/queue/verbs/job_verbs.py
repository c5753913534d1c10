"""Verbs of users on queued jobs, by a filter, by names or for one job: one transaction, one report.

Where a verb changes a flow, it locks the flow before its jobs: so none is missed that is being
added to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pandadb.core.control.flow_locks import FlowLocked
from pandadb.core.jobs.refusals import JobsLocked
from pandadb.core.jobs.search.filters import Filter
from pandadb.core.jobs.search.job_filters.job_filter import JobFilter, narrowed
from pandadb.core.queue.verbs import (
    by_process,
    deletions,
    holds,
    reruns,
    state_settings,
    step_retries,
    stops,
)
from pandadb.core.queue.verbs.standings import standing_of
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import check_text
from pandadb.services.queue.attempts import repeated
from pandadb.services.queue.verbs.job_locks import break_locks
from pandadb.services.selection import DESTRUCTIVE_LIMIT, VerbReport, run_verb
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pandadb.core.jobs.search.job_choices import JobChoice
    from pandadb.core.queue.verbs.outcomes import VerbOutcome
    from pandadb.core.queue.verbs.standings import Standing
    from pandadb.database import Database
    from pandadb.services.queue.verbs.job_locks import Below
    from pandadb.services.selection import OnError

    Act = Callable[[Connection, list[int], Lock], VerbOutcome]


TRIES = 5
"""How often locks are broken for one verb: its jobs and their flows may have several."""
BREAK_AFTER = 1.0
"""Seconds that a verb waits for a lock before it is broken, unless its options have others."""


@dataclass(frozen=True)
class VerbRules:
    """The rules of a call of a verb, the same for all of them."""

    options: VerbOptions = DEFAULT_OPTIONS
    limit: int | None = None
    """The most jobs that the verb may take; None or 0 is no limit."""
    on_error: OnError = "abort"
    """Whether a job that is refused undoes all, or is skipped."""
    break_locks: bool = False
    """Whether sessions are ended that hold locks of the jobs or flows of the verb."""


DEFAULT_RULES = VerbRules()
DESTRUCTIVE_RULES = VerbRules(limit=DESTRUCTIVE_LIMIT)


@repeated
def _run(
    database: Database,
    verb: str,
    chosen: JobChoice,
    act: Act,
    rules: VerbRules,
    *,
    below: Below = "children",
) -> VerbReport:
    """Do a verb for the chosen jobs of the queue; a filter never finds earlier attempts.

    It needs the locks of their children, too, or of `all` that depend on them.

    Raises:
        NotFound, NotAllowed, Locked: A job was refused, and `on_error` is `abort`.
        FlowLocked, JobsLocked: A lock was waited for longer than the lock timeout.
        TooMany: More jobs were chosen than the limit allows.
    """
    options, how = rules.options, rules.options.lock
    if rules.break_locks:  # a lock that is skipped, or waited for without end, is never broken
        options = replace(options, patience=options.patience or BREAK_AFTER)
    elif rules.on_error == "skip":
        how = Lock.SKIP
    among = of_queue(chosen)

    def work(connection: Connection, pandaids: list[int]) -> VerbReport:
        done = act(connection, pandaids, how)
        return VerbReport(done.states, done.refused, done.before, done.attempts, done.related)

    for _ in range(TRIES):
        try:
            return run_verb(
                database,
                verb,
                among,
                work,
                options=options,
                limit=rules.limit,
                on_error=rules.on_error,
            )
        except (FlowLocked, JobsLocked) as error:
            if not rules.break_locks:
                raise
            of_flows = isinstance(error, FlowLocked)
            break_locks(database, among, of_flows=of_flows, below=None if of_flows else below)
    raise JobsLocked(f"{verb}: jobs are locked again and again; nothing was changed")


def of_queue(chosen: JobChoice) -> JobChoice:
    """Return a filter of jobs of queues only, each in its newest attempt."""
    if isinstance(chosen, JobFilter):
        return chosen & JobFilter(controlled=True)
    if isinstance(chosen, Filter):
        return narrowed(chosen, JobFilter(controlled=True))
    return chosen


def rerun(
    database: Database,
    chosen: JobChoice,
    rules: VerbRules = DEFAULT_RULES,
    *,
    force: bool = False,
) -> VerbReport:
    """Run jobs again: those in flight go back to their queue, those that have ended begin anew.

    A new attempt has a new PandaID, and keeps the public id. Children wait again; if some have
    begun, the rerun is refused, unless by force: then all that depends on the jobs begins anew.

    Raises:
        NotFound, NotAllowed, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
    """

    def act(connection: Connection, jobs: list[int], how: Lock) -> VerbOutcome:
        return reruns.rerun(connection, jobs, force=force, host=rules.options.host, how=how)

    return _run(database, "rerun", chosen, act, rules, below="all" if force else "children")


def retry(database: Database, chosen: JobChoice, rules: VerbRules = DEFAULT_RULES) -> VerbReport:
    """Try the present step of jobs again at once, as the same attempt: after errors of machines.

    Raises:
        NotFound, NotAllowed, Locked, JobsLocked, TooMany: See `VerbRules`.
    """

    def act(connection: Connection, jobs: list[int], how: Lock) -> VerbOutcome:
        return step_retries.retry(connection, jobs, how=how)

    return _run(database, "retry", chosen, act, rules)


def pause(database: Database, chosen: JobChoice, rules: VerbRules = DEFAULT_RULES) -> VerbReport:
    """Pause jobs that no worker has: none starts until it is resumed.

    Raises:
        NotFound, NotAllowed, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
    """

    def act(connection: Connection, jobs: list[int], how: Lock) -> VerbOutcome:
        return holds.pause(connection, jobs, host=rules.options.host, how=how)

    return _run(database, "pause", chosen, act, rules)


def resume(database: Database, chosen: JobChoice, rules: VerbRules = DEFAULT_RULES) -> VerbReport:
    """Let paused jobs go on, and run jobs anew that were stopped: once their parents have ended.

    Raises:
        NotFound, NotAllowed, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
    """

    def act(connection: Connection, jobs: list[int], how: Lock) -> VerbOutcome:
        return holds.resume(connection, jobs, host=rules.options.host, how=how)

    return _run(database, "resume", chosen, act, rules)


def stop_jobs(
    database: Database, chosen: JobChoice, rules: VerbRules = DEFAULT_RULES, *, by: str
) -> VerbReport:
    """Cancel jobs that are ready or in flight; children that may miss them are ready then.

    A job with a payload at a worker ends when the worker has ended that. See `cancel` for jobs that
    wait, and for all that depends on jobs.

    Raises:
        NotFound, NotAllowed, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
        InvalidValue: `by` does not fit its column.
    """

    def act(connection: Connection, jobs: list[int], how: Lock) -> VerbOutcome:
        return stops.stop(connection, jobs, by=by, host=rules.options.host, how=how)

    return _run(database, "stop", chosen, act, rules)


def cancel_jobs(
    database: Database,
    chosen: JobChoice,
    rules: VerbRules = DEFAULT_RULES,
    *,
    by: str,
    cascade: bool = False,
) -> VerbReport:
    """Cancel jobs in any state; with `cascade` all that depends on them, too.

    It is `cancel` for chosen jobs: those with a payload at a worker end when it has ended that.

    Raises:
        NotFound, NotAllowed, Locked, JobsLocked, TooMany: See `VerbRules`.
        InvalidValue: `by` does not fit its column.
    """

    def act(connection: Connection, jobs: list[int], how: Lock) -> VerbOutcome:
        host = rules.options.host
        return stops.cancel(connection, jobs, by=by, host=host, cascade=cascade, how=how)

    return _run(database, "cancel", chosen, act, rules, below="all" if cascade else "children")


def delete_jobs(
    database: Database,
    chosen: JobChoice,
    rules: VerbRules = DESTRUCTIVE_RULES,
    *,
    whole_flows: bool = False,
    cancel: bool = False,
) -> VerbReport:
    """Delete jobs that no worker has, with their attempts, files, results and logs.

    Their children wait for them no longer. The last job of a flow is refused, unless flows are
    deleted as a whole. With `cancel` jobs that workers have are cancelled first, at once, and
    their processes in batch systems; those of batch processes are refused.

    Raises:
        NotFound, NotAllowed, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
    """

    def act(connection: Connection, jobs: list[int], how: Lock) -> VerbOutcome:
        return deletions.remove(
            connection,
            jobs,
            host=rules.options.host,
            whole_flows=whole_flows,
            cancels=cancel,
            how=how,
        )

    return _run(database, "delete", chosen, act, rules)


def set_state(
    database: Database,
    chosen: JobChoice,
    state: Standing | str,
    rules: VerbRules = DEFAULT_RULES,
) -> VerbReport:
    """Give jobs a state, for administrators: `waiting`, `ready`, `paused`, `running` and others.

    The mover takes them there, with all that follows for files and other jobs, and logs it. A job
    that has ended gets a new attempt in the state.

    Raises:
        InvalidValue: There is no such state.
        NotFound, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
    """
    wanted = standing_of(state)

    def act(connection: Connection, jobs: list[int], how: Lock) -> VerbOutcome:
        return state_settings.set_state(connection, jobs, wanted, host=rules.options.host, how=how)

    return _run(database, "set state", chosen, act, rules)


def with_process(database: Database, process: str, queue_name: str | None = None) -> list[int]:
    """Return the jobs with a process in a batch system, in their newest attempt."""
    check_text("process", process)
    with database.transaction() as connection:
        return by_process.find(connection, process, queue_name)
