"""Jobs that go back to their queue: to be tried again at once, or after a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, Float, bindparam, select, update

from pandadb.core.control import groups, notices
from pandadb.core.jobs import states
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.jobs.mover import MoveResult, move
from pandadb.core.queue.verbs import new_attempts
from pandadb.core.sql.expressions import interval, now
from pandadb.core.sql.id_arrays import array, is_among, unnested
from pandadb.core.sql.validation import check_columns
from pandadb.models import JobControl, JobsActive4

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pandadb.core.sql.transaction import Transaction

CONTROL = JobControl.__table__.c


def requeue(
    session: Transaction,
    pauses: Mapping[int, float],
    *,
    host: str,
    verb: str = states.REQUEUE,
    values: Mapping[str, Any] | None = None,
) -> MoveResult:
    """Send jobs back to their queue, each after a pause in seconds; 0 is at once.

    The verb counts an attempt (`requeue`), or not (`give back`). Jobs without a pause keep the
    place in their group; the others leave it to the next job. The process of the attempt is
    forgotten: one that goes on is cancelled by the caller before. Leases and control rows are the
    caller's: those are ended, these locked.

    Raises:
        InvalidValue: A value does not fit its column.
        JobsLocked: See `mover.move`.
    """
    check_columns(JobsActive4, values or {})
    later = {job: pause for job, pause in pauses.items() if pause > 0}
    done = MoveResult()
    for target, jobs in (
        ("activated", [job for job in pauses if job not in later]),
        ("pending", [*later]),
    ):
        if jobs:
            steps = states.transitions(verb, target)
            done.add(move(session, steps, jobs, host=host, values=values)[0])
    new_attempts.forget_run(session, [*done.jobs])
    if "activated" in done.jobs.values():
        notices.wake(session)
    if waiting := [job for job in later if job in done.jobs]:
        postpone(session, {job: later[job] for job in waiting})
        queued_jobs.go_on(session, [], groups.leave(session, waiting), host=host)
    return done


def postpone(session: Transaction, pauses: Mapping[int, float]) -> None:
    """Set the earliest time of pending jobs, each in seconds from now."""
    if not pauses:
        return
    seconds = bindparam("pauses", type_=ARRAY(Float))
    given = unnested("given", pandaid=array("pandaids"), pause=seconds)
    later = now() + interval(given.c.pause)
    changed = (
        update(JobControl.__table__)
        .where(CONTROL.pandaid == given.c.pandaid)
        .values(run_after=later, last_changed=now())
    )
    session.execute(changed, {"pandaids": [*pauses], "pauses": [*map(float, pauses.values())]})


def pauses_of(session: Transaction, attempts: Mapping[int, int]) -> dict[int, float]:
    """Return the seconds before the next attempt of jobs, each with the number of the last one.

    The first pause is the job's back-off, and each following twice as long, up to its limit.
    """
    rows = session.execute(
        select(CONTROL.pandaid, CONTROL.backoff, CONTROL.backoff_limit).where(
            is_among(CONTROL.pandaid, attempts)
        )
    )
    return {
        job: float(min(backoff * 2 ** min(attempts[job] - 1, 30), limit))
        for job, backoff, limit in rows
    }
