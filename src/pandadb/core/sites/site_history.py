"""The history of sites, page by page, and the rows that the tables have now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import check_columns, check_number, check_text
from pandadb.models import SiteChange

if TYPE_CHECKING:
    from datetime import datetime

    from pandadb.core.sql.transaction import Transaction

CHANGE = SiteChange.__table__.c
MAX_PAGE = 100_000


@dataclass(frozen=True)
class HistoryPage:
    """Some changes, the newest first."""

    changes: list[dict[str, Any]]
    next: int | None
    """The change to give as `before` for the next page; None if this is the last."""


def history(
    session: Transaction,
    key: str | None = None,
    *,
    table: str | None = None,
    since: datetime | None = None,
    limit: int = 100,
    before: int | None = None,
) -> HistoryPage:
    """Return a page of the changes of rows by their key or its first column, the newest first.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000, or a value does not fit its column.
    """
    check_number("limit", limit, 1, MAX_PAGE)
    conditions = []
    if key is not None:
        check_text("key", key)
        is_first = CHANGE.row_key.startswith(f"{key} ", autoescape=True)
        conditions.append(or_(CHANGE.row_key == key, is_first))
    if table is not None:
        check_text("table", table)
        conditions.append(CHANGE.table_name == table.lower())
    if since is not None:
        check_columns(SiteChange, {"changed_at": since})
        conditions.append(CHANGE.changed_at >= since)
    if before is not None:
        check_columns(SiteChange, {"change_id": before})
        conditions.append(CHANGE.change_id < before)
    rows = connection_of(session).execute(
        select(SiteChange.__table__)
        .where(*conditions)
        .order_by(CHANGE.change_id.desc())
        .limit(limit + 1)
    )
    found = [dict(row) for row in rows.mappings()]
    rest = found[limit - 1]["change_id"] if len(found) > limit else None
    return HistoryPage(found[:limit], rest)
