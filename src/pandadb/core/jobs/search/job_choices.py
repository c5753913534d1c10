"""The jobs that a caller has chosen, by a filter, by PandaIDs, or one job, as PandaIDs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pandadb.core.jobs.search import pages
from pandadb.core.jobs.search.filters import Filter
from pandadb.core.jobs.search.job_filters.job_filter import AnyFilter, JobFilter, as_filter
from pandadb.core.sql import validation
from pandadb.core.sql.validation import InvalidValue

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

JobChoice = AnyFilter | int | Iterable[int]
"""A filter, PandaIDs, or one PandaID."""
NO_LIMIT = 2**62
PAGE = 50_000


def pandaids_of(session: Transaction, chosen: JobChoice, most: int = NO_LIMIT) -> list[int]:
    """Return the PandaIDs of the chosen jobs in order, `most` at most.

    Jobs that were named need not exist; those of a filter match it now.

    Raises:
        InvalidValue: The filter has no condition or an invalid one, or a job is no PandaID.
    """
    if not isinstance(chosen, Filter | JobFilter):
        return named(chosen)[:most]
    chosen = as_filter(chosen)
    if chosen.is_unconditional:
        raise InvalidValue("A filter without a condition matches every job: give it at least one")
    found: list[int] = []
    after: str | None = None
    while len(found) < most:
        size = min(PAGE, most - len(found))
        page = pages.find(session, chosen, columns=["pandaid"], limit=size, after=after)
        found += [row["pandaid"] for row in page.jobs]
        if page.next is None:
            break
        after = page.next
    return found


def named(chosen: int | Iterable[int]) -> list[int]:
    """Return PandaIDs in order, each once."""
    return sorted(validation.ids(chosen))


def number_of(session: Transaction, chosen: JobChoice) -> int:
    """Return how many jobs were chosen."""
    if not isinstance(chosen, Filter | JobFilter):
        return len(validation.ids(chosen))
    ((number,),) = (row.values() for row in pages.count(session, chosen))
    return int(number)


def matching(session: Transaction, chosen: JobChoice, pandaids: Sequence[int]) -> list[int]:
    """Return those of the jobs that still match, now that they are locked; all if it is no filter.

    A job that was found may have changed before it was locked.
    """
    if not isinstance(chosen, Filter | JobFilter):
        return [*pandaids]
    return pandaids_of(session, replace(as_filter(chosen), pandaids=pandaids))
