"""Stops and cancels: jobs that are ready or in flight end, or jobs in any state, as a user asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.queue import cancels
from pandadb.core.queue.verbs import job_rows, outcomes, refused
from pandadb.core.queue.verbs.outcomes import Chosen, VerbOutcome
from pandadb.core.queue.verbs.standings import STOP
from pandadb.core.sql.transaction import Lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.jobs.refusals import Refusal
    from pandadb.core.sql.transaction import Transaction


def stop(
    session: Transaction, pandaids: Sequence[int], *, by: str, host: str, how: Lock = Lock.WAIT
) -> VerbOutcome:
    """Cancel jobs that are ready or in flight; children that may miss them are ready then.

    A job with a payload at a worker ends when the worker has ended that.

    Raises:
        InvalidValue: `by` does not fit its column.
        FlowLocked, JobsLocked: The session's `lock_timeout` has passed.
    """
    chosen = outcomes.choose(session, pandaids, STOP, how)
    if chosen.jobs:
        done = cancels.cancel(session, chosen.ids, by=by, host=host)
        chosen.refuse({job: refused.guarded(job, said) for job, said in done.refused.items()})
    return outcomes.report(session, chosen.outcome, chosen.jobs)


def foresee_cancel(session: Transaction, pandaids: Sequence[int]) -> dict[int, Refusal]:
    """Return the jobs that there are not: a job in any state can be cancelled."""
    return outcomes.missing(session, pandaids, job_rows.read(session, pandaids))


def cancel(
    session: Transaction,
    pandaids: Sequence[int],
    *,
    by: str,
    host: str,
    cascade: bool = False,
    how: Lock = Lock.WAIT,
) -> VerbOutcome:
    """Cancel jobs in any state; with `cascade` all that depends on them, too.

    Raises:
        InvalidValue: `by` does not fit its column.
        JobsLocked: The session's `lock_timeout` has passed.
    """
    everything = cancels.descendants(session, pandaids) if cascade else [*pandaids]
    free = {*job_rows.lock(session, everything, how)}
    asked = [job for job in pandaids if job in free]
    if cascade and how is Lock.SKIP and len(free) < len(everything):
        asked = [job for job in asked if free.issuperset(cancels.descendants(session, [job]))]
    found = job_rows.read(session, asked)
    outcome = VerbOutcome(before={job: one.jobstatus for job, one in found.items()})
    chosen = Chosen(found, outcome)
    chosen.refuse(outcomes.missing(session, pandaids, found))
    if not chosen.jobs:
        return outcome
    done = cancels.cancel(session, chosen.ids, by=by, host=host, cascade=cascade)
    chosen.refuse({job: refused.guarded(job, said) for job, said in done.refused.items()})
    related = {*done.jobs, *done.asked} - {*pandaids}
    return outcomes.report(session, outcome, chosen.jobs, related)
