"""Reruns: jobs that are in flight go back to their queue, and those that have ended begin anew.

The children of a job that begins anew wait for it again. Those that have begun stand in the way,
unless by force: then all that depends on the job, directly or not, begins anew, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import null, select, update

from pandadb.core.control import dependencies, groups
from pandadb.core.jobs import states
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.jobs.mover import move
from pandadb.core.queue import cancels, processes
from pandadb.core.queue.flows import flow_rows
from pandadb.core.queue.verbs import job_rows, new_attempts, outcomes, refused, withdrawn_leases
from pandadb.core.queue.verbs.standings import (
    FORCED_RERUN,
    MAY_WAIT_AGAIN,
    RERUN,
    RESETS,
    Standing,
    allowed,
)
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl, JobDependency

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pandadb.core.jobs.refusals import Refusal
    from pandadb.core.queue.verbs.job_rows import QueuedJob
    from pandadb.core.queue.verbs.outcomes import Chosen, VerbOutcome
    from pandadb.core.sql.transaction import Transaction

CONTROL, EDGE = JobControl.__table__.c, JobDependency.__table__.c
UNBEGUN_IN_ACTIVE = ("activated", "throttled")


@dataclass
class Family:
    """The jobs of a rerun, and those that depend on them."""

    jobs: dict[int, QueuedJob]
    children: dict[int, list[int]] = field(default_factory=dict)
    """The children of each job."""
    replaced: set[int] = field(default_factory=set)

    def below(self, jobs: Collection[int], *, all_levels: bool) -> set[int]:
        """Return the children of jobs, or all that depend on them."""
        found: set[int] = set()
        level = {*jobs}
        while level:
            level = {child for job in level for child in self.children.get(job, ())} - found
            found |= level
            if not all_levels:
                break
        return found


def rerun(
    session: Transaction, pandaids: Sequence[int], *, force: bool, host: str, how: Lock = Lock.WAIT
) -> VerbOutcome:
    """Run jobs again; return the outcome.

    Raises:
        FlowLocked, JobsLocked: The session's `lock_timeout` has passed.
    """
    verb = FORCED_RERUN if force else RERUN
    first = job_rows.read(session, pandaids)
    anew = [one for one in first.values() if _begins_anew(verb, one.standing)]
    job_rows.lock_flows_of(session, anew)
    below_all = _all_below(session, [one.pandaid for one in anew]) if force else []
    withdrawn_leases.lock(session, {*pandaids, *below_all}, how)
    held = {*job_rows.lock(session, [*pandaids, *below_all], how)} if force else set()
    chosen = outcomes.choose(session, pandaids, verb, how, in_flow=False)
    chosen.refuse(_changed_meanwhile(chosen, {one.pandaid for one in anew}))
    family = family_of(session, chosen, all_levels=force)
    chosen.refuse(_refusals(chosen, family, force=force))
    if force and how is Lock.SKIP:
        chosen.refuse(_with_locked(chosen, family, held))
    resets = {job for job, one in chosen.jobs.items() if one.standing in RESETS}
    below = family.below(chosen.jobs.keys() - resets, all_levels=force)
    affected = {**chosen.jobs, **{job: family.jobs[job] for job in below}}
    begin_again(session, affected, chosen.outcome, host=host)
    anew = [one for job, one in chosen.jobs.items() if job not in resets]
    flow_rows.go_on(session, job_rows.flows_of(anew))
    related = [job for job in below if affected[job].standing is not Standing.WAITING]
    return outcomes.report(session, chosen.outcome, chosen.jobs, {*related} - chosen.jobs.keys())


def foresee(session: Transaction, pandaids: Sequence[int], *, force: bool) -> dict[int, Refusal]:
    """Return the jobs that a rerun would refuse as they are now; nothing is locked."""
    chosen = outcomes.foresee(session, pandaids, FORCED_RERUN if force else RERUN)
    family = family_of(session, chosen, all_levels=force)
    chosen.refuse(_refusals(chosen, family, force=force))
    return chosen.outcome.refused


def _all_below(session: Transaction, jobs: Sequence[int]) -> list[int]:
    return cancels.descendants(session, jobs) if jobs else []


def _with_locked(chosen: Chosen, family: Family, held: set[int]) -> dict[int, Refusal]:
    """Refuse jobs with dependents that another transaction has locked."""
    return {
        job: refused.locked(job)
        for job, one in chosen.jobs.items()
        if one.standing not in RESETS and family.below([job], all_levels=True) - held
    }


def _begins_anew(verb: str, state: Standing) -> bool:
    """Return whether a rerun of a job in a state is more than a reset: it needs the flow."""
    return allowed(verb, state) and state not in RESETS


def _changed_meanwhile(chosen: Chosen, anew: Collection[int]) -> dict[int, Refusal]:
    """Refuse jobs that have ended between the look at them and their lock: no flow was locked."""
    return {
        job: refused.locked(job)
        for job, one in chosen.jobs.items()
        if one.standing not in RESETS and job not in anew
    }


def family_of(session: Transaction, chosen: Chosen, *, all_levels: bool) -> Family:
    """Return the chosen jobs that begin anew, with their children, or all that depend on them."""
    anew = [job for job, one in chosen.jobs.items() if one.standing not in RESETS]
    around = _all_below(session, anew) if all_levels else [*anew]
    edges = session.execute(
        select(EDGE.parent, EDGE.child).where(is_among(EDGE.parent, around))
    ).all()
    jobs = job_rows.read(session, {*around, *(child for _, child in edges)})
    family = Family(jobs, replaced=job_rows.replaced(session, [*jobs.values()]))
    for parent, child in edges:
        if child in jobs:
            family.children.setdefault(parent, []).append(child)
    return family


def _refusals(chosen: Chosen, family: Family, *, force: bool) -> dict[int, Refusal]:
    """Refuse jobs that have been replaced, and those with children that cannot wait again."""
    found: dict[int, Refusal] = {}
    for job, one in chosen.jobs.items():
        if one.standing in RESETS:
            continue
        below = sorted(family.below([job], all_levels=force))
        old = next((child for child in (job, *below) if child in family.replaced), None)
        begun = next((c for c in below if family.jobs[c].standing not in MAY_WAIT_AGAIN), None)
        if old is not None:
            who = "it" if old == job else f"job {old}, a dependent of it,"
            found[job] = refused.guarded(job, f"cannot run again: {who} has been replaced")
        elif begun is not None and not force:
            state = family.jobs[begun].standing
            words = f"cannot run again: job {begun} depends on it and is {state}; force reruns both"
            found[job] = refused.guarded(job, words)
    return found


def begin_again(
    session: Transaction,
    affected: Mapping[int, QueuedJob],
    outcome: VerbOutcome,
    *,
    host: str,
) -> None:
    """Take jobs back to where they begin: those with nothing to wait for are ready then.

    Their flows and control rows are locked. Jobs that cannot begin anew are refused.
    """
    ended = [job for job, one in affected.items() if one.has_ended]
    live = {job: one for job, one in affected.items() if not one.has_ended}
    made, unwilling = new_attempts.make(session, sorted(ended), host=host)
    outcome.attempts |= made
    outcome.refused |= unwilling
    freed = withdraw(session, live, outcome, host)
    ids = [made.get(job, job) for job in affected if job not in outcome.refused]
    _reset(session, ids)
    ready = dependencies.ready(session, ids)
    queued_jobs.go_on(session, ready, freed, host=host)


def withdraw(
    session: Transaction, live: Mapping[int, QueuedJob], outcome: VerbOutcome, host: str
) -> set[str]:
    """Make jobs pending that have not ended; return the groups with a place that is free."""
    in_flight = sorted(job for job, one in live.items() if is_with_worker(one))
    waiting = sorted(job for job, one in live.items() if one.jobstatus in UNBEGUN_IN_ACTIVE)
    running, moved = processes.of_jobs(session, in_flight), set[int]()
    for verb, jobs in ((states.REQUEUE, in_flight), (states.POSTPONE, waiting)):
        if jobs:
            done, _ = move(session, states.transitions(verb, "pending"), jobs, host=host)
            outcome.refused |= done.refused
            moved |= done.jobs.keys()
    _forget_backoff(session, moved.intersection(in_flight))
    processes.announce(session, {job: one for job, one in running.items() if job in moved})
    withdrawn_leases.end(session, moved)
    return groups.leave(session, sorted(moved))


def _forget_backoff(session: Transaction, jobs: Collection[int]) -> None:
    """Let jobs be ready at once that a worker had: a time they have is that of their next step."""
    mine = update(JobControl.__table__).where(is_among(CONTROL.pandaid, jobs))
    session.execute(mine.values(run_after=null()))


def is_with_worker(job: QueuedJob) -> bool:
    """Return whether a job is in a state of jobs that workers have."""
    return job.jobstatus in states.WITH_WORKER


def _reset(session: Transaction, jobs: Sequence[int]) -> None:
    """Forget pauses, failed steps and processes of jobs, and note the change."""
    mine = update(JobControl.__table__).where(is_among(CONTROL.pandaid, jobs))
    session.execute(
        mine.values(
            held=False,
            suspended=False,
            step_attempts=0,
            step_error=null(),
            cancel_requested_at=null(),
            details=new_attempts.details_of_job(),
            last_changed=now(),
        )
    )
