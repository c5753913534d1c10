"""The run of a verb on queued jobs: its rules, and locks of others that are broken for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pandadb.core.control.flow_locks import FlowLocked
from pandadb.core.jobs.refusals import JobsLocked
from pandadb.core.jobs.search.filters import Filter
from pandadb.core.jobs.search.job_filters.job_filter import JobFilter, narrowed
from pandadb.core.queue.verbs import outcomes
from pandadb.core.sql.transaction import Lock
from pandadb.services.queue.attempts import repeated
from pandadb.services.queue.verbs.job_locks import break_locks
from pandadb.services.selection import DESTRUCTIVE_LIMIT, VerbReport, run_verb
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pandadb.core.jobs.refusals import Refusal
    from pandadb.core.jobs.search.job_choices import JobChoice
    from pandadb.core.queue.verbs.outcomes import VerbOutcome
    from pandadb.database import Database
    from pandadb.services.queue.verbs.job_locks import Below
    from pandadb.services.selection import OnError

    Act = Callable[[Connection, list[int], Lock], VerbOutcome]
    Foresee = Callable[[Connection, list[int]], dict[int, Refusal]]
    """Returns the jobs that a verb would refuse, by a look without locks."""
    Work = Callable[[Connection, list[int]], VerbReport]


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
def run(
    database: Database,
    verb: str,
    chosen: JobChoice,
    act: Act,
    rules: VerbRules,
    *,
    below: Below = "children",
    foresee: Foresee | None = None,
) -> VerbReport:
    """Do a verb for the chosen jobs of the queue; a filter never finds earlier attempts.

    It needs the locks of their children, too, or of `all` that depend on them. No lock is broken
    for jobs that it refuses as they are: by `foresee`, or else by their states.

    Raises:
        NotFound, NotAllowed, Locked: A job was refused, and `on_error` is `abort`.
        FlowLocked, JobsLocked: A lock was waited for longer than the lock timeout.
        TooMany: More jobs were chosen than the limit allows.
    """
    options = rules.options
    if rules.break_locks:  # a lock that is skipped, or waited for without end, is never broken
        options = replace(options, patience=options.patience or BREAK_AFTER)
    skips = rules.on_error == "skip" and not rules.break_locks
    how = Lock.SKIP if skips else options.lock

    def work(connection: Connection, pandaids: list[int]) -> VerbReport:
        done = act(connection, pandaids, how)
        return VerbReport(done.states, done.refused, done.before, done.attempts, done.related)

    def runs(jobs: JobChoice, task: Work) -> VerbReport:
        limit, on_error = rules.limit, rules.on_error
        return run_verb(database, verb, jobs, task, options=options, limit=limit, on_error=on_error)

    among = of_queue(chosen)
    if not rules.break_locks:
        return runs(among, work)
    look = partial(_look, foresee or partial(_by_states, verb))
    hopeless: dict[int, Refusal] = {}
    for _ in range(TRIES):
        try:
            report = runs(among, work)
        except (FlowLocked, JobsLocked) as error:
            ahead = runs(among, look)
            hopeless |= ahead.refused
            among = sorted(ahead.states)
            of_flows = isinstance(error, FlowLocked)
            break_locks(database, among, of_flows=of_flows, below=None if of_flows else below)
        else:
            report.refused = {**hopeless, **report.refused}
            return report
    raise JobsLocked(f"{verb}: jobs are locked again and again; nothing was changed")


def _look(foresee: Foresee, connection: Connection, pandaids: list[int]) -> VerbReport:
    """Report the jobs that a verb would refuse; the others with the state that they have."""
    refused = foresee(connection, pandaids)
    left = [job for job in pandaids if job not in refused]
    return VerbReport(dict.fromkeys(left, "as it is"), refused)


def _by_states(verb: str, connection: Connection, pandaids: list[int]) -> dict[int, Refusal]:
    return outcomes.foresee(connection, pandaids, verb).outcome.refused


def of_queue(chosen: JobChoice) -> JobChoice:
    """Return a filter of jobs of queues only, each in its newest attempt."""
    if isinstance(chosen, JobFilter):
        return chosen & JobFilter(controlled=True)
    if isinstance(chosen, Filter):
        return narrowed(chosen, JobFilter(controlled=True))
    return chosen
