"""Ranges of events taken by jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.events.takes import range_takes
from pandadb.core.events.takes.range_takes import TakenRanges
from pandadb.core.jobs.ending import unused_consumers
from pandadb.core.jobs.refusals import refusing_to_wait
from pandadb.services.events.search import as_requests
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.events.takes.range_requests import RangeRequest
    from pandadb.database import Database


@dataclass
class TakeResult(TakenRanges):
    """The ranges that jobs have taken."""

    closed: dict[int, str] = field(default_factory=dict)
    """Consumers in the queue that were closed, as no range is left for them."""


def take(
    database: Database,
    requests: int | RangeRequest | Sequence[RangeRequest],
    options: VerbOptions = DEFAULT_OPTIONS,
) -> TakeResult:
    """Let jobs that run take ranges of events; return those of each job, and why one got none.

    When no range of a job set is left, its consumers in the queue are closed.

    Raises:
        InvalidValue: A request is malformed, or there are two of one job.
        JobsLocked: Another transaction has locked a job for longer than the lock timeout.
    """
    with transaction(database, options) as connection, refusing_to_wait():
        taken = range_takes.take(connection, as_requests(requests))
        closed = unused_consumers.close(connection, taken.exhausted, options.host)
    return TakeResult(taken.ranges, taken.refused, taken.exhausted, closed)
