"""The chosen jobs: listed page by page, one looked up, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.jobs.search import full_jobs, pages
from pandadb.core.jobs.search.filters import Filter
from pandadb.core.jobs.search.pagination import Order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.jobs.search.job_filters.job_filter import AnyFilter
    from pandadb.core.jobs.search.pages import Page
    from pandadb.database import Database

ALL = Filter()
SHORT = (
    "pandaid", "jobname", "jobstatus", "jobsubstatus", "computingsite", "currentpriority",
    "attemptnr", "jeditaskid", "produsername", "prodsourcelabel", "creationtime", "starttime",
    "endtime", "modificationtime",
)  # fmt: skip
"""The columns of a job in a list that is not full."""


def list_jobs(
    database: Database,
    chosen: AnyFilter = ALL,
    *,
    full: bool = False,
    columns: Sequence[str] = SHORT,
    order: str = "pandaid",
    descending: bool = False,
    limit: int = 100,
    after: str | None = None,
) -> Page:
    """Return a page of the chosen jobs: some columns of each and its `table`.

    With `full` each has all columns, and its `files`, `jobparameters` and `metadata`. The next page
    comes with `after=page.next`. NULL is ordered after every value.

    Raises:
        InvalidValue: Unknown column, invalid limit, or malformed regular expression.
        InvalidCursor: `after` is not the `next` of a page in this order.
        SearchTimeout: A search by a regular expression took too long.
    """
    by, names = Order(order, descending), () if full else columns
    with database.session() as session:
        page = pages.find(session, chosen, columns=names, order=by, limit=limit, after=after)
        return pages.Page(full_jobs.complete(session, page.jobs), page.next) if full else page


def count_jobs(
    database: Database, chosen: AnyFilter = ALL, by: str | Sequence[str] | None = None
) -> Any:
    """Return how many jobs were chosen; with `by` a dictionary with the number for each value.

    Several columns give tuples of their values as keys; the most frequent comes first.

    Raises:
        InvalidValue: There is no such column, or the filter is invalid.
        SearchTimeout: A search by a regular expression took too long.
    """
    names = [] if by is None else [by] if isinstance(by, str) else [*by]
    with database.session() as session:
        rows = pages.count(session, chosen, names)
    if by is None:
        return rows[0]["jobs"]
    if isinstance(by, str):
        return {row[by]: row["jobs"] for row in rows}
    return {tuple(row[name] for name in names): row["jobs"] for row in rows}
