"""Pauses: jobs that have not begun are held until their user resumes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from pandadb.core.control import dependencies, groups, notices
from pandadb.core.jobs import states
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.jobs.mover import move
from pandadb.core.queue.flows import flow_rows
from pandadb.core.queue.verbs import job_rows, outcomes, refused, reruns
from pandadb.core.queue.verbs.standings import (
    BATCHES,
    ENDED,
    IN_FLIGHT,
    NOT_BEGUN,
    PAUSE,
    RESUME,
    Standing,
)
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pandadb.core.jobs.refusals import Refusal
    from pandadb.core.queue.verbs.outcomes import Chosen, VerbOutcome
    from pandadb.core.queue.verbs.reruns import Family
    from pandadb.core.sql.transaction import Transaction

CONTROL = JobControl.__table__.c
STILL = (Standing.WAITING, Standing.PAUSED)
"""States that children keep while their parent begins anew."""
BEGUN = (*IN_FLIGHT, *BATCHES, Standing.SUSPENDED)
"""States of jobs that cannot wait again: workers have them, or batch systems, or a runner had."""


def pause(
    session: Transaction, pandaids: Sequence[int], *, host: str, how: Lock = Lock.WAIT
) -> VerbOutcome:
    """Pause jobs that no worker has; their places in groups go to other jobs.

    Raises:
        FlowLocked, JobsLocked: The session's `lock_timeout` has passed.
    """
    chosen = outcomes.choose(session, pandaids, PAUSE, how, alone=True)
    ready = [job for job, one in chosen.jobs.items() if one.jobstatus == "activated"]
    if ready:
        done, _ = move(session, states.transitions("throttle"), ready, host=host)
        chosen.refuse(done.refused)
    hold(session, chosen.ids, held=True)
    freed = groups.leave(session, chosen.ids)
    queued_jobs.go_on(session, [], freed, host=host)
    return outcomes.report(session, chosen.outcome, chosen.jobs)


def resume(
    session: Transaction, pandaids: Sequence[int], *, host: str, how: Lock = Lock.WAIT
) -> VerbOutcome:
    """Let paused jobs go on, and run jobs that were stopped anew: once their parents have ended.

    A stopped flow goes on with the last of its stopped jobs. Children of a stopped job, which went
    on without it, wait for it again; it is refused if a worker has one of them.

    Raises:
        FlowLocked, JobsLocked: The session's `lock_timeout` has passed.
    """
    first = job_rows.read(session, pandaids).values()
    alone = not any(one.standing in ENDED for one in first)
    chosen = outcomes.choose(session, pandaids, RESUME, how, alone=alone)
    if alone:
        chosen.refuse(_ended_meanwhile(chosen))
    family = reruns.family_of(session, chosen, all_levels=False)
    chosen.refuse(_before_begun(chosen, family))
    ended = {job: one for job, one in chosen.jobs.items() if one.standing in ENDED}
    below = [family.jobs[child] for child in family.below(ended, all_levels=False)]
    early = {one.pandaid: one for one in below if one.standing in NOT_BEGUN}
    freed = reruns.withdraw(session, early, chosen.outcome, host)
    reruns.begin_again(session, ended, chosen.outcome, host=host)
    queued_jobs.go_on(session, [], freed, host=host)
    paused = sorted(chosen.jobs.keys() - ended.keys())
    hold(session, paused, held=False)
    release(session, paused, host=host)
    flow_rows.go_on(session, job_rows.flows_of(ended.values()))
    related = [job for job, one in early.items() if one.standing not in STILL]
    return outcomes.report(session, chosen.outcome, chosen.jobs, {*related} - chosen.jobs.keys())


def foresee(session: Transaction, pandaids: Sequence[int]) -> dict[int, Refusal]:
    """Return the jobs that would not be resumed as they are now; nothing is locked."""
    chosen = outcomes.foresee(session, pandaids, RESUME)
    chosen.refuse(_before_begun(chosen, reruns.family_of(session, chosen, all_levels=False)))
    return chosen.outcome.refused


def _ended_meanwhile(chosen: Chosen) -> dict[int, Refusal]:
    """Refuse jobs that have ended since the look at them: their children are not locked."""
    return {job: refused.locked(job) for job, one in chosen.jobs.items() if one.standing in ENDED}


def _before_begun(chosen: Chosen, family: Family) -> dict[int, Refusal]:
    """Refuse jobs that have ended, and have children with workers."""
    found: dict[int, Refusal] = {}
    for job, one in chosen.jobs.items():
        below = family.below([job], all_levels=False) if one.standing in ENDED else ()
        begun = next((c for c in sorted(below) if family.jobs[c].standing in BEGUN), None)
        if begun is not None:
            state = family.jobs[begun].standing
            words = f"cannot go on: job {begun} depends on it and is {state}; rerun it by force"
            found[job] = refused.guarded(job, words)
    return found


def hold(session: Transaction, jobs: Collection[int], *, held: bool) -> None:
    """Note whether jobs are paused."""
    if jobs:
        mine = update(JobControl.__table__).where(is_among(CONTROL.pandaid, jobs))
        session.execute(mine.values(held=held, last_changed=now()))


def release(session: Transaction, jobs: Collection[int], *, host: str) -> None:
    """Make jobs that are held no longer ready, or let them wait for parents, time and group."""
    found = job_rows.read(session, jobs)
    ready = {*dependencies.ready(session, jobs)}
    throttled = {job for job, one in found.items() if one.jobstatus == "throttled"}
    if early := sorted(throttled - ready):
        move(session, states.transitions(states.POSTPONE), early, host=host)
    joined = groups.join(session, throttled & ready)
    queued_jobs.go_on(session, sorted(ready - throttled), joined, host=host)
    alone = sorted((throttled & ready) - groups.members(session, throttled & ready))
    if alone:  # the others go on when their group has a place
        move(session, states.transitions("release"), alone, host=host)
        notices.wake(session)
