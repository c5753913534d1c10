"""The result of a verb of users on queued jobs, and the conditions that all verbs have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.queue.verbs import job_rows, refused
from pandadb.core.queue.verbs.standings import allowed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pandadb.core.jobs.refusals import Refusal
    from pandadb.core.queue.verbs.job_rows import QueuedJob
    from pandadb.core.queue.verbs.standings import Standing
    from pandadb.core.sql.transaction import Lock, Transaction


@dataclass
class VerbOutcome:
    """The effect of a verb: jobs by the PandaIDs that they had before it."""

    states: dict[int, str] = field(default_factory=dict)
    """The jobs that were asked for and have changed, each with its state of PanDA now."""
    refused: dict[int, Refusal] = field(default_factory=dict)
    before: dict[int, str] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    """Jobs that have a new attempt, each with its PandaID."""
    related: dict[int, str] = field(default_factory=dict)
    """Other jobs that are in another state now."""


@dataclass
class Chosen:
    """The jobs of a call that a verb may change, locked, and the refusals of the others."""

    jobs: dict[int, QueuedJob]
    outcome: VerbOutcome

    @property
    def ids(self) -> list[int]:
        """The PandaIDs, in order."""
        return sorted(self.jobs)

    def refuse(self, refusals: dict[int, Refusal]) -> None:
        """Leave jobs out."""
        for job in refusals:
            self.jobs.pop(job, None)
        self.outcome.refused |= refusals


def choose(
    session: Transaction,
    pandaids: Sequence[int],
    verb: str,
    how: Lock,
    *,
    in_flow: bool = True,
    alone: bool = False,
    also: Collection[Standing] = (),
) -> Chosen:
    """Lock the jobs of a call, and their flows before them; refuse those that the verb is not for.

    The flow of a job that is refused for its state is not waited for. An option may allow the verb
    for the states `also`. Children are locked, too, unless the verb changes jobs `alone`, or none.

    Raises:
        FlowLocked, JobsLocked: The session's `lock_timeout` has passed.
    """
    first = job_rows.read(session, pandaids) if in_flow else {}
    fitting = {j: o for j, o in first.items() if allowed(verb, o.standing) or o.standing in also}
    job_rows.lock_flows_of(session, fitting.values())
    alone = alone or (in_flow and not fitting)
    mine = (job_rows.lock_alone if alone else job_rows.lock)(session, pandaids, how)
    chosen = _fitting(session, pandaids, job_rows.read(session, mine), verb, also)
    if in_flow:
        chosen.refuse(_without_flow(chosen, fitting))
    return chosen


def foresee(
    session: Transaction, pandaids: Sequence[int], verb: str, *, also: Collection[Standing] = ()
) -> Chosen:
    """Refuse the jobs of a call that a verb is not for as they are now; nothing is locked."""
    return _fitting(session, pandaids, job_rows.read(session, pandaids), verb, also)


def _fitting(
    session: Transaction,
    pandaids: Sequence[int],
    found: dict[int, QueuedJob],
    verb: str,
    also: Collection[Standing],
) -> Chosen:
    outcome = VerbOutcome(before={job: one.jobstatus for job, one in found.items()})
    chosen = Chosen({**found}, outcome)
    chosen.refuse(missing(session, pandaids, found))
    chosen.refuse(
        {
            job: refused.not_allowed(job, one.standing, verb)
            for job, one in found.items()
            if not allowed(verb, one.standing) and one.standing not in also
        }
    )
    return chosen


def _without_flow(chosen: Chosen, fitting: Collection[int]) -> dict[int, Refusal]:
    """Refuse jobs that the verb has become possible for since.

    Their flows are not locked; and if the verb was for no job, children are not, either.
    """
    return {
        job: refused.locked(job)
        for job, one in chosen.jobs.items()
        if job not in fitting and (one.jeditaskid or not fitting)
    }


def report(
    session: Transaction, outcome: VerbOutcome, changed: Iterable[int], related: Iterable[int] = ()
) -> VerbOutcome:
    """Note the states that jobs have now; those that were refused are left out."""
    made, sets = outcome.attempts, ({*changed}, {*related})
    now = job_rows.read(session, {made.get(job, job) for jobs in sets for job in jobs})
    states = [
        {
            job: now[made.get(job, job)].jobstatus
            for job in sorted(jobs - outcome.refused.keys())
            if made.get(job, job) in now
        }
        for jobs in sets
    ]
    outcome.states |= states[0]
    outcome.related |= states[1]
    return outcome


def missing(
    session: Transaction, pandaids: Sequence[int], found: Collection[int]
) -> dict[int, Refusal]:
    """Refuse jobs that there are not, that the archive has, or another transaction has locked."""
    left = [job for job in pandaids if job not in found]
    if not left:
        return {}
    there = job_rows.read(session, left)
    old = job_rows.archived(session, [job for job in left if job not in there])
    return {
        job: refused.locked(job)
        if job in there
        else refused.archived(job, old[job])
        if job in old
        else refused.unknown(job)
        for job in left
    }
