"""Steps of jobs that a runner brings to other machines, under its leases."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pandadb.core.queue import leases
from pandadb.core.queue.steps import job_steps, step_failures, step_leases
from pandadb.core.queue.steps.step_failures import StepFailure
from pandadb.core.sql.validation import check_text, ids, words
from pandadb.services.queue.attempts import repeated
from pandadb.services.queue.claims import MAX_JOBS, check_seconds
from pandadb.services.queue.ends import by_leases
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.queue.ending.end_results import EndResult
    from pandadb.core.queue.leases import Lease
    from pandadb.core.queue.steps.step_failures import StepOutcome
    from pandadb.database import Database
    from pandadb.services.jobs.verbs import PandaIDs


def claim_jobs(
    database: Database,
    pandaids: PandaIDs,
    njobs: int = MAX_JOBS,
    *,
    owner: str,
    lease: float = leases.DEFAULT_SECONDS,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[Lease]:
    """Claim those of some jobs that are ready, of any queue, by priority, then age.

    Raises:
        InvalidValue: A number is beyond its limits, or a name is no text.
    """
    check_text("owner", owner)
    check_seconds(lease)
    jobs = ids(pandaids)
    with transaction(database, options) as connection:
        return step_leases.claim(
            connection,
            jobs,
            min(njobs, MAX_JOBS),
            owner=owner,
            seconds=lease,
            host=options.host,
        )


def take(
    database: Database,
    queues: str | Sequence[str],
    njobs: int = 1,
    *,
    owner: str,
    pandaids: PandaIDs | None = None,
    lease: float = leases.DEFAULT_SECONDS,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[Lease]:
    """Take jobs between two steps: no worker has them, and their next step is due.

    Raises:
        InvalidValue: A number is beyond its limits, or a name is no text.
    """
    check_text("owner", owner)
    check_seconds(lease)
    with transaction(database, options) as connection:
        return step_leases.take(
            connection,
            words(queues),
            min(njobs, MAX_JOBS),
            owner=owner,
            seconds=lease,
            jobs=None if pandaids is None else ids(pandaids),
        )


@repeated
def advance(
    database: Database,
    held: Lease | Sequence[Lease],
    step: str,
    options: VerbOptions = DEFAULT_OPTIONS,
    **details: Any,
) -> EndResult:
    """Record that jobs have made a step, with details such as `run_dir` and `process`.

    Raises:
        LeaseLost: It was one lease, and is lost; nothing was changed.
        InvalidValue: There is no such step.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    return by_leases(
        database, held, options, partial(job_steps.advance, step=step, details=details)
    )


@repeated
def fail(
    database: Database,
    failures: StepFailure | Sequence[StepFailure],
    options: VerbOptions = DEFAULT_OPTIONS,
) -> dict[int, StepOutcome]:
    """Note failed attempts of steps: tried again after a pause, or suspended after the last.

    Raises:
        LeaseLost: It was one lease, and is lost; nothing was changed.
        JobsLocked: A job was locked for longer than the lock timeout; no attempt is counted.
    """
    wanted = [failures] if isinstance(failures, StepFailure) else failures
    with transaction(database, options) as connection:
        done = step_failures.fail(connection, wanted)
    if isinstance(failures, StepFailure) and not done:
        raise leases.lost(failures.lease.pandaid)
    return done
