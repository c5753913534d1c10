"""Ranges of events listed and counted. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.events import search
from pandadb.core.events.search import RangeFilter
from pandadb.core.events.takes import availability
from pandadb.core.events.takes.range_requests import RangeRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.core.events.search import RangeCounts, RangePage, RangeState
    from pandadb.database import Database

ALL = RangeFilter()


def find(
    database: Database, chosen: RangeFilter = ALL, *, limit: int = 100, after: str | None = None
) -> RangePage:
    """Return a page of the ranges that match; the next page comes with `after=page.next`.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or `after` is no range.
    """
    with database.transaction() as connection:
        return search.find(connection, chosen, limit=limit, after=after)


def count(database: Database, chosen: RangeFilter = ALL) -> RangeCounts:
    """Count the ranges that match by state, and those of them that can be taken."""
    with database.transaction() as connection:
        return search.count(connection, chosen)


def states(database: Database, jobs: Iterable[tuple[int, int]]) -> dict[int, dict[str, RangeState]]:
    """Return the states of the ranges of jobs (task, PandaID), by the ids of the ranges."""
    with database.transaction() as connection:
        return search.states(connection, jobs)


def available(
    database: Database, requests: int | RangeRequest | Sequence[RangeRequest]
) -> dict[int, int]:
    """Return how many ranges active jobs can take; jobs without a job set are left out.

    Raises:
        InvalidValue: A request is malformed, or there are two of one job.
    """
    with database.transaction() as connection:
        return availability.of_jobs(connection, as_requests(requests))


def as_requests(given: int | RangeRequest | Sequence[RangeRequest]) -> Sequence[RangeRequest]:
    """Return requests as a list: of a PandaID, of one, or of several."""
    if isinstance(given, int):
        given = RangeRequest(given)
    return [given] if isinstance(given, RangeRequest) else given
