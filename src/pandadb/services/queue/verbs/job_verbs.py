"""Verbs of users on queued jobs, by a filter, by names or for one job: one transaction, one report.

Where a verb changes a flow, it locks the flow before its jobs: so none is missed that is being
added to it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

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
from pandadb.core.sql.validation import check_text
from pandadb.services.queue.verbs.verb_runs import DEFAULT_RULES, DESTRUCTIVE_RULES, run

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pandadb.core.jobs.search.job_choices import JobChoice
    from pandadb.core.queue.verbs.outcomes import VerbOutcome
    from pandadb.core.queue.verbs.standings import Standing
    from pandadb.core.sql.transaction import Lock
    from pandadb.database import Database
    from pandadb.services.queue.verbs.job_locks import Below
    from pandadb.services.queue.verbs.verb_runs import VerbRules
    from pandadb.services.selection import VerbReport


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

    below: Below = "all" if force else "children"
    foresee = partial(reruns.foresee, force=force)
    return run(database, "rerun", chosen, act, rules, below=below, foresee=foresee)


def retry(database: Database, chosen: JobChoice, rules: VerbRules = DEFAULT_RULES) -> VerbReport:
    """Try the present step of jobs again at once, as the same attempt: after errors of machines.

    Raises:
        NotFound, NotAllowed, Locked, JobsLocked, TooMany: See `VerbRules`.
    """

    def act(connection: Connection, jobs: list[int], how: Lock) -> VerbOutcome:
        return step_retries.retry(connection, jobs, how=how)

    return run(database, "retry", chosen, act, rules)


def pause(database: Database, chosen: JobChoice, rules: VerbRules = DEFAULT_RULES) -> VerbReport:
    """Pause jobs that no worker has: none starts until it is resumed.

    Raises:
        NotFound, NotAllowed, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
    """

    def act(connection: Connection, jobs: list[int], how: Lock) -> VerbOutcome:
        return holds.pause(connection, jobs, host=rules.options.host, how=how)

    return run(database, "pause", chosen, act, rules)


def resume(database: Database, chosen: JobChoice, rules: VerbRules = DEFAULT_RULES) -> VerbReport:
    """Let paused jobs go on, and run jobs anew that were stopped: once their parents have ended.

    Raises:
        NotFound, NotAllowed, Locked, FlowLocked, JobsLocked, TooMany: See `VerbRules`.
    """

    def act(connection: Connection, jobs: list[int], how: Lock) -> VerbOutcome:
        return holds.resume(connection, jobs, host=rules.options.host, how=how)

    return run(database, "resume", chosen, act, rules, foresee=holds.foresee)


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

    return run(database, "stop", chosen, act, rules)


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

    below: Below = "all" if cascade else "children"
    return run(database, "cancel", chosen, act, rules, below=below, foresee=stops.foresee_cancel)


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

    foresee = partial(deletions.foresee, whole_flows=whole_flows, cancels=cancel)
    return run(database, "delete", chosen, act, rules, foresee=foresee)


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

    return run(database, "set state", chosen, act, rules)


def with_process(database: Database, process: str, queue_name: str | None = None) -> list[int]:
    """Return the jobs with a process in a batch system, in their newest attempt."""
    check_text("process", process)
    with database.transaction() as connection:
        return by_process.find(connection, process, queue_name)
