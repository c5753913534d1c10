"""States that an administrator gives to jobs: by the mover, logged, with all consequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import null, update

from pandadb.core.control import dependencies, groups, notices
from pandadb.core.jobs import advances, states
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.jobs.mover import move
from pandadb.core.queue import processes
from pandadb.core.queue.flows import flow_rows
from pandadb.core.queue.verbs import job_rows, new_attempts, outcomes, withdrawn_leases
from pandadb.core.queue.verbs.standings import (
    BATCH_SUBSTATUS,
    NOT_BEGUN,
    SET_STATE,
    STAGED_SUBSTATUS,
    Standing,
)
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pandadb.core.queue.verbs.outcomes import Chosen, VerbOutcome
    from pandadb.core.sql.transaction import Transaction

CONTROL = JobControl.__table__.c
TARGETS: Mapping[Standing, tuple[str, str | None]] = {
    Standing.WAITING: ("pending", None),
    Standing.READY: ("activated", None),
    Standing.THROTTLED: ("throttled", None),
    Standing.PAUSED: ("throttled", None),
    Standing.CLAIMED: ("sent", None),
    Standing.STAGED: ("starting", STAGED_SUBSTATUS),
    Standing.SUBMITTED: ("starting", None),
    Standing.RUNNING: ("running", None),
    Standing.HOLDING: ("holding", None),
    Standing.TRANSFERRING: ("transferring", None),
    Standing.BATCHED: ("starting", BATCH_SUBSTATUS),
    Standing.BATCH: ("running", BATCH_SUBSTATUS),
    Standing.SUSPENDED: ("failed", None),
    Standing.FINISHED: ("finished", None),
    Standing.FAILED: ("failed", None),
    Standing.CANCELLED: ("cancelled", None),
    Standing.CLOSED: ("closed", None),
}
"""The state of PanDA, and the `jobsubstatus`, for each standing."""
WAITS = ("pending", "throttled")
"""States of PanDA in which a job may wait for its time."""


def set_state(
    session: Transaction,
    pandaids: Sequence[int],
    state: Standing,
    *,
    host: str,
    how: Lock = Lock.WAIT,
) -> VerbOutcome:
    """Give jobs a state, from any state, with all consequences for other jobs.

    A job that has ended gets a new attempt in the state. Workers lose the jobs. A job that
    is given `suspended` has no step to go on with: it can only be run again.

    Raises:
        FlowLocked, JobsLocked: The session's `lock_timeout` has passed.
    """
    withdrawn_leases.lock(session, pandaids, how)
    chosen = outcomes.choose(session, pandaids, SET_STATE, how)
    target, sub = TARGETS[state]
    same = {job for job, one in chosen.jobs.items() if one.has_ended and one.standing is state}
    ended = [j for j, one in chosen.jobs.items() if one.has_ended and j not in same]
    made, unwilling = new_attempts.make(session, sorted(ended), host=host)
    chosen.outcome.attempts |= made
    chosen.refuse(unwilling)
    processes.cancel(session, chosen.ids)
    ids = [made.get(job, job) for job in chosen.ids if job not in same]
    if ids:
        _forget_times(session, chosen, target)
        _place(session, ids, state, target, sub, host=host)
        withdrawn_leases.end(session, ids)
        flow_rows.go_on(session, job_rows.flows_of(chosen.jobs.values()))
    return outcomes.report(session, chosen.outcome, chosen.jobs)


def _forget_times(session: Transaction, chosen: Chosen, target: str) -> None:
    """Forget back-offs of steps, and the earliest time of jobs that wait for it no longer."""
    jobs = [
        job
        for job, one in chosen.jobs.items()
        if target not in WAITS or one.standing not in NOT_BEGUN
    ]
    rows = update(JobControl.__table__).where(is_among(CONTROL.pandaid, jobs))
    session.execute(rows.values(run_after=null()))


def _place(
    session: Transaction,
    jobs: Collection[int],
    state: Standing,
    target: str,
    substatus: str | None,
    *,
    host: str,
) -> None:
    """Move jobs, with their control rows as the state has it."""
    rows = update(JobControl.__table__).where(is_among(CONTROL.pandaid, jobs))
    fresh = {"step_attempts": 0, "step_error": null(), "cancel_requested_at": null()}
    suspended, held = state is Standing.SUSPENDED, state is Standing.PAUSED
    session.execute(rows.values(suspended=suspended, held=held, **fresh, last_changed=now()))
    if state is Standing.CLOSED:
        dependencies.note_stops(session, jobs)
    values = {"jobsubstatus": substatus, "commandtopilot": None}
    advances.advance(session, states.SET_STATE, [*jobs], target=target, host=host, values=values)
    _set_places(session, jobs, "held" if held else target, host=host)
    if target == "activated" and (waiting := sorted(groups.waiting(session, jobs))):
        move(session, states.transitions("throttle"), waiting, host=host)
    if target == "activated":
        notices.wake(session)


def _set_places(session: Transaction, jobs: Collection[int], target: str, *, host: str) -> None:
    """Give jobs the part in their groups that their state has; free places go to the next jobs.

    Jobs that workers have keep a place or get one, beyond the limit if so.
    """
    if target in states.WITH_WORKER:
        groups.join(session, jobs)
        groups.occupy(session, jobs)
        return
    stays = target == "activated"
    freed = set() if stays else groups.leave(session, jobs)
    queued_jobs.go_on(session, [], freed, host=host)
    if stays or target == "throttled":
        queued_jobs.go_on(session, [], groups.join(session, jobs), host=host)
