"""All jobs that match a filter, page by page, each page in a short transaction."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from pandadb.core.jobs.search import pages
from pandadb.core.jobs.search.job_filters.job_filter import as_filter
from pandadb.core.sql import validation
from pandadb.services.jobs.search import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandadb.core.jobs.search.filters import Filter
    from pandadb.core.jobs.search.job_filters.job_filter import AnyFilter
    from pandadb.database import Database
    from pandadb.job_types import JobRow

PAGE_SIZE = 1000


def iterate(
    database: Database,
    chosen: AnyFilter = ALL,
    *,
    columns: Sequence[str] = (),
    page_size: int = PAGE_SIZE,
) -> Iterator[JobRow]:
    """Yield all jobs that match, by PandaID: the columns that are named, or all, and the `table`.

    Memory is constant: one page of `page_size` jobs is held at a time. No transaction is open
    between two pages, so that an iteration may take hours; a job is yielded at most once, as it is
    when its page is read.

    Raises:
        InvalidValue: Unknown column, invalid page size; or, on the first page, a malformed regular
            expression.
    """
    pages.check_selectable(validation.words(columns))
    validation.check_number("page_size", page_size, 1, pages.MAX_PAGE)
    found = read_pages(database, chosen, columns, page_size)
    return cast("Iterator[JobRow]", chain.from_iterable(found))


def read_pages(
    database: Database, chosen: AnyFilter, columns: Sequence[str], size: int
) -> Iterator[list[dict[str, Any]]]:
    """Yield the jobs in lists of `size` at most, by PandaID; named PandaIDs are sent in parts."""
    for part in _parts(as_filter(chosen), size):
        after: str | None = None
        while True:
            with database.session() as session:
                page = pages.find(session, part, columns=columns, limit=size, after=after)
            if page.jobs:
                yield page.jobs
            if page.next is None:
                break
            after = page.next


def _parts(chosen: Filter, size: int) -> Iterator[Filter]:
    """Yield the filter with `size` of its PandaIDs at a time, in their order."""
    if chosen.pandaids is None:
        yield chosen
        return
    pandaids = sorted(validation.ids(chosen.pandaids))
    for start in range(0, len(pandaids), size):
        yield replace(chosen, pandaids=pandaids[start : start + size])
