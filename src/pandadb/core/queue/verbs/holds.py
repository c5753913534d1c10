"""Pauses: jobs that have not begun are held until their user resumes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from pandadb.core.control import dependencies, groups, notices
from pandadb.core.jobs import states
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.jobs.mover import move
from pandadb.core.queue.verbs import job_rows, outcomes, reruns
from pandadb.core.queue.verbs.standings import ENDED, PAUSE, RESUME
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pandadb.core.queue.verbs.outcomes import VerbOutcome
    from pandadb.core.sql.transaction import Transaction

CONTROL = JobControl.__table__.c


def pause(
    session: Transaction, pandaids: Sequence[int], *, host: str, how: Lock = Lock.WAIT
) -> VerbOutcome:
    """Pause jobs that no worker has; their places in groups go to other jobs.

    Raises:
        FlowLocked, JobsLocked: The session's `lock_timeout` has passed.
    """
    chosen = outcomes.choose(session, pandaids, PAUSE, how)
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

    Raises:
        FlowLocked, JobsLocked: The session's `lock_timeout` has passed.
    """
    chosen = outcomes.choose(session, pandaids, RESUME, how)
    ended = {job: one for job, one in chosen.jobs.items() if one.standing in ENDED}
    reruns.begin_again(session, ended, chosen.outcome, host=host)
    paused = sorted(chosen.jobs.keys() - ended.keys())
    hold(session, paused, held=False)
    release(session, paused, host=host)
    return outcomes.report(session, chosen.outcome, chosen.jobs)


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
