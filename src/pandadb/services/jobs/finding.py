"""Jobs looked up, listed, counted, and what they have been through. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core import finding, histories
from pandadb.core.cursors import Order
from pandadb.core.filters import Filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.finding import Page
    from pandadb.core.histories import History
    from pandadb.database import Database

ALL = Filter()


def get(database: Database, pandaid: int) -> dict[str, Any]:
    """Return a job from wherever it is, the archive included; see `core.finding.get`.

    Raises:
        UnknownJob: No table has it.
        BadValue: No job can have the number.
    """
    with database.session() as session:
        return finding.get(session, pandaid)


def find(
    database: Database,
    chosen: Filter = ALL,
    *,
    columns: Sequence[str] = (),
    order: str = "pandaid",
    descending: bool = False,
    limit: int = 100,
    after: str | None = None,
) -> Page:
    """Return a page of the jobs that fit: the columns that are named, or all, and the `table`.

    The next page comes with `after=page.next`. NULL is ordered after every value.

    Raises:
        BadValue: There is no such column, the limit is none, or the regular expression malformed.
        BadCursor: `after` is not the `next` of a page in this order.
    """
    by = Order(order, descending)
    with database.session() as session:
        return finding.find(session, chosen, columns=columns, order=by, limit=limit, after=after)


def count(
    database: Database, chosen: Filter = ALL, by: Sequence[str] = ("jobstatus",)
) -> list[dict[str, Any]]:
    """Return how many `jobs` fit for each combination of values of columns, most first.

    Raises:
        BadValue: There is no such column, or the regular expression is malformed.
    """
    with database.session() as session:
        return finding.count(session, chosen, by)


def history(database: Database, pandaid: int) -> History:
    """Return the states of a job with the seconds in each, and its chain of attempts.

    Raises:
        UnknownJob: There is no job, nor anything known of it.
        BadValue: No job can have the number.
    """
    with database.session() as session:
        return histories.history(session, pandaid)
