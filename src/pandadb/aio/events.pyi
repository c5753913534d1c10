# Written from the functions of `pandadb.services.events` by `pandadb docs stubs`.

from collections.abc import Iterable, Sequence

from pandadb.aio.base.database import AsyncDatabase
from pandadb.services.events import (
    ArchiveFile,
    RangeCounts,
    RangeFilter,
    RangeID,
    RangePage,
    RangeRefusal,
    RangeRefusalReason,
    RangeReport,
    RangeRequest,
    RangeState,
    ReleasedRanges,
    ReportOutcome,
    Sample,
    StoredReports,
    TakenRange,
    TakeResult,
    VerbOptions,
    read,
)

__all__ = [
    "ArchiveFile",
    "RangeCounts",
    "RangeFilter",
    "RangeID",
    "RangePage",
    "RangeRefusal",
    "RangeRefusalReason",
    "RangeReport",
    "RangeRequest",
    "RangeState",
    "ReleasedRanges",
    "ReportOutcome",
    "Sample",
    "StoredReports",
    "TakeResult",
    "TakenRange",
    "VerbOptions",
    "add_samples",
    "available",
    "count",
    "find",
    "read",
    "release",
    "report",
    "states",
    "take",
]

async def add_samples(
    database: AsyncDatabase,
    jeditaskid: int,
    new: Sequence[Sample],
    options: VerbOptions = ...,
) -> int:
    """Add samples of hyperparameters to a task; return how many are new. It is idempotent.

    Raises:
        InvalidValue: A sample is malformed, or the task has not one dataset for its model.
    """

async def available(
    database: AsyncDatabase,
    requests: int | RangeRequest | Sequence[RangeRequest],
) -> dict[int, int]:
    """Return how many ranges active jobs can take; jobs without a job set are left out.

    Raises:
        InvalidValue: A request is malformed, or there are two of one job.
    """

async def count(
    database: AsyncDatabase,
    chosen: RangeFilter = ...,
) -> RangeCounts:
    """Count the ranges that match by state, and those of them that can be taken."""

async def find(
    database: AsyncDatabase,
    chosen: RangeFilter = ...,
    *,
    limit: int = 100,
    after: str | None = None,
) -> RangePage:
    """Return a page of the ranges that match; the next page comes with `after=page.next`.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or `after` is no range.
    """

async def release(
    database: AsyncDatabase,
    pandaids: int | Iterable[int],
    options: VerbOptions = ...,
    *,
    live: bool = False,
) -> ReleasedRanges:
    """Take from jobs the ranges that they have not processed; it is idempotent.

    Jobs that live are refused, unless `live`: they may still process them.

    Raises:
        InvalidValue: A PandaID is not valid.
        JobsLocked: Another transaction has locked a job for longer than the lock timeout.
    """

async def report(
    database: AsyncDatabase,
    given: Sequence[RangeReport],
    options: VerbOptions = ...,
    *,
    fine_grained: bool = False,
) -> StoredReports:
    """Store reports on ranges; return what became of each, and the commands for the pilots.

    Reports that are malformed, late or of another job are refused by themselves. With
    `fine_grained` ranges of a job set that no job has taken are reported on, too.

    Raises:
        JobsLocked: Another transaction has locked a job for longer than the lock timeout.
    """

async def states(
    database: AsyncDatabase,
    jobs: Iterable[tuple[int, int]],
) -> dict[int, dict[str, RangeState]]:
    """Return the states of the ranges of jobs (task, PandaID), by the ids of the ranges."""

async def take(
    database: AsyncDatabase,
    requests: int | RangeRequest | Sequence[RangeRequest],
    options: VerbOptions = ...,
) -> TakeResult:
    """Let jobs that run take ranges of events; return those of each job, and why one got none.

    When no range of a job set is left, its consumers in the queue are closed.

    Raises:
        InvalidValue: A request is malformed, or there are two of one job.
        JobsLocked: Another transaction has locked a job for longer than the lock timeout.
    """
