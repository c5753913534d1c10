"""Steps that fail: tried again after a pause, and after the last attempt suspended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, null, select, update

from pandadb.core.control.locks import refusing_to_wait
from pandadb.core.queue import leases
from pandadb.core.sql.expressions import interval, now
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JobControl, JobLease

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.queue.leases import Lease
    from pandadb.core.sql.transaction import Transaction

CONTROL, LEASE = JobControl.__table__.c, JobLease.__table__.c
PAUSES = (30.0, 300.0, 1200.0)
"""Seconds after the first failed attempt of a step, the second, the third; the next is the last."""
MAX_ERROR = 10_000
"""Letters of an error that are kept."""


@dataclass(frozen=True)
class StepFailure:
    """An attempt of a step that has failed."""

    lease: Lease
    error: str
    retryable: bool = True
    pauses: Sequence[float] = PAUSES
    """Seconds before each further attempt; after the last of them the job is suspended."""


@dataclass(frozen=True)
class StepOutcome:
    """The result of a step that failed."""

    attempts: int
    """Failed attempts that are followed by another."""
    is_suspended: bool
    """Whether there will be no other, unless a user retries the job."""


def fail(session: Transaction, failures: Sequence[StepFailure]) -> dict[int, StepOutcome]:
    """Note failed attempts of steps; jobs with lost leases are missing in the result.

    A job stays in its state, and its lease ends: after the pause any runner takes it, or after a
    retry by a user if it is suspended.

    Raises:
        JobsLocked: Another transaction has locked a job for longer than the lock timeout.
    """
    mine = leases.holders(session, [one.lease for one in failures])
    attempts = lock(session, mine)
    found = {one.lease.pandaid: one for one in failures if one.lease.pandaid in {*mine}}
    return {job: _fail(session, one, attempts[job]) for job, one in found.items()}


def lock(session: Transaction, jobs: Sequence[int]) -> dict[int, int]:
    """Lock the control rows of jobs; return how many attempts of their steps have failed.

    Raises:
        JobsLocked: Another transaction has locked one for longer than the lock timeout.
    """
    rows = select(CONTROL.pandaid, CONTROL.step_attempts).where(is_among(CONTROL.pandaid, jobs))
    with refusing_to_wait():
        locked = session.execute(rows.order_by(CONTROL.pandaid).with_for_update())
        return {row.pandaid: row.step_attempts for row in locked}


def _fail(session: Transaction, failure: StepFailure, attempts: int) -> StepOutcome:
    job = failure.lease.pandaid
    if not failure.retryable or attempts >= len(failure.pauses):
        suspend(session, [job], failure.error)
        return StepOutcome(attempts, is_suspended=True)
    pause = float(failure.pauses[attempts])
    later = now() + interval(pause)
    _note(session, [job], failure.error, step_attempts=attempts + 1, run_after=later)
    return StepOutcome(attempts + 1, is_suspended=False)


def suspend(session: Transaction, jobs: Sequence[int], error: str) -> None:
    """Suspend jobs after a final failure of a step: they stay in their state, without lease."""
    _note(session, jobs, error, suspended=True, run_after=null())


def _note(session: Transaction, jobs: Sequence[int], error: str, **values: Any) -> None:
    changed = update(JobControl.__table__).where(is_among(CONTROL.pandaid, jobs))
    session.execute(changed.values(step_error=error[:MAX_ERROR], last_changed=now(), **values))
    session.execute(delete(JobLease.__table__).where(is_among(LEASE.pandaid, jobs)))
