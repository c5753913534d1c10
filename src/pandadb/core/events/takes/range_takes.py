"""Ranges of events taken by jobs: no range by two; semantics 2.13."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.events.range_ids import RangeID
from pandadb.core.events.takes import job_locks, range_requests, take_statement
from pandadb.core.events.takes.take_statement import Pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.events.refusals import RangeRefusal
    from pandadb.core.events.takes.range_requests import RangeRequest
    from pandadb.core.events.takes.take_statement import Taker
    from pandadb.core.sql.transaction import Transaction

OF_JOBSETS = (Pool.JOBSET, Pool.SEGMENT)


@dataclass(frozen=True)
class TakenRange:
    """A range that a job has just taken."""

    id: RangeID
    start: int | None
    """The first event."""
    last: int | None
    lfn: str | None
    """The name of the file; None for a sample of hyperparameters."""
    guid: str | None
    scope: str | None


@dataclass
class TakenRanges:
    """The ranges that jobs have taken."""

    ranges: dict[int, list[TakenRange]] = field(default_factory=dict)
    """By PandaID, in the order of files and events; fewer than asked for if no more are left."""
    refused: dict[int, RangeRefusal] = field(default_factory=dict)
    exhausted: list[int] = field(default_factory=list)
    """Jobs of job sets without a range left to take: other jobs of these wait for nothing."""


def take(session: Transaction, requests: Sequence[RangeRequest]) -> TakenRanges:
    """Let jobs that run take ranges that are ready, in turns by PandaID.

    The PandaID of a range becomes the job's. Rows that another transaction changes are left out:
    the locks of `job_locks` see to it that these are of no other taker.

    Raises:
        InvalidValue: A request is malformed, or there are two of one job.
    """
    range_requests.check(requests)
    taken = TakenRanges()
    pandaids = [one.pandaid for one in requests]
    job_locks.lock_datasets(session, pandaids)
    jobs = job_locks.lock_jobs(session, pandaids)
    for one in requests:
        if refusal := range_requests.refusal(one, jobs.get(one.pandaid)):
            taken.refused[one.pandaid] = refusal
    accepted = [one for one in requests if one.pandaid not in taken.refused]
    pools = range_requests.pools_of(accepted, jobs)
    own = [one.pandaid for pool in OF_JOBSETS for one in pools.get(pool, ())]
    job_locks.lock_files(session, own)
    for pool in Pool:  # each with the ranges that those before have left
        if takers := pools.get(pool):
            _take(session, pool, takers, taken)
    return taken


def _take(session: Transaction, pool: Pool, takers: Sequence[Taker], taken: TakenRanges) -> None:
    given = take_statement.parameters(takers)
    for one in takers:
        taken.ranges[one.pandaid] = []
    for row in session.execute(take_statement.taking(pool), given):
        job, task, file, number, attempt, *rest = row
        taken.ranges[job].append(TakenRange(RangeID(task, job, file, number, attempt), *rest))
    if pool is Pool.JOBSET:
        taken.exhausted += session.scalars(take_statement.exhausted(), given)
