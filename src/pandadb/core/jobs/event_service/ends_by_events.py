"""Jobs that end by their ranges of events end by themselves: they finish or fail; semantics 2.8.

Such jobs are consumers, jobs that merge their outputs, fine-grained jobs, and those that try
hyperparameters. Of the jobs of one job set one after the other ends: the ranges that the first one
leaves decide about the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.events import changes
from pandadb.core.events.kinds import JobKind
from pandadb.core.events.special_handling import EVENT_SERVICE, EVENT_SERVICE_MERGE, Flag
from pandadb.core.jobs.calls import take
from pandadb.core.jobs.event_service import (
    consumer_ends,
    fine_grained_ends,
    given_jobs,
    jobset_locks,
    merge_ends,
)
from pandadb.core.jobs.files import file_accounting
from pandadb.core.jobs.mover import MoveResult
from pandadb.core.jobs.refusals import Refusal, RefusalReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.jobs.calls import Call
    from pandadb.core.sql.transaction import Transaction

    Row = Mapping[str, Any]


def end(session: Transaction, given: Call, moved: MoveResult) -> None:
    """End the refused jobs that end by their ranges of events.

    Tasks, datasets and all jobs of the job sets are locked before. Jumbo jobs stay refused, and
    consumers that share their events with jumbo jobs.
    """
    chosen = jobset_locks.chosen(session, [*moved.refused])
    if not chosen:
        return
    free = file_accounting.lock(session, chosen, given.lock)
    left = jobset_locks.lock(session, free, given.lock) if free else []
    while left:
        rows = [{**row, **given.values} for row in jobset_locks.read(session, left)]
        rows = [row for row in rows if row["jobstatus"] in given.steps[0].sources]
        batch = jobset_locks.first_of_each(rows)
        moved.add(_end_batch(session, given, batch))
        done = {*given_jobs.ids(batch)}
        left = [row["pandaid"] for row in rows if row["pandaid"] not in done]


def _end_batch(session: Transaction, given: Call, batch: Sequence[Row]) -> MoveResult:
    """End jobs of different job sets."""
    done = MoveResult()
    samples = [job for job in batch if given_jobs.has(job, Flag.SAMPLES)]
    changes.of_jobs(session, "release samples", given_jobs.event_jobs(samples))
    kinds: dict[Any, list[Row]] = {}
    for job in batch:
        if why := _refused(job):
            done.refused[job["pandaid"]] = Refusal(RefusalReason.GUARD, why)
        else:
            kinds.setdefault(_kind(job), []).append(job)
    for ended, jobs in kinds.items():
        if ended is None:
            done.add(take(session, given, given_jobs.ids(jobs)))
        else:
            done.add(ended(session, given, jobs))
    return done


def _kind(job: Row) -> Any:
    """Return the function that ends a job; None for those that end as other jobs do."""
    if not job["is_open"]:
        return None
    if job["eventservice"] == JobKind.FINE_GRAINED:
        return fine_grained_ends.end
    if given_jobs.has(job, EVENT_SERVICE):
        return consumer_ends.end
    return merge_ends.end if given_jobs.has(job, EVENT_SERVICE_MERGE) else None


def _refused(job: Row) -> str | None:
    """Return why a job cannot be ended here, or None."""
    name = f"Job {job['pandaid']}"
    if not job["is_open"]:
        return None
    if job["eventservice"] in (JobKind.JUMBO, JobKind.CO_JUMBO):
        return f"{name} is a jumbo job, or works with some: only PanDA's server ends such jobs"
    if job["usejumbo"] is not None and _kind(job) is consumer_ends.end:
        return f"{name} shares its events with jumbo jobs: only PanDA's server ends such jobs"
    return None
