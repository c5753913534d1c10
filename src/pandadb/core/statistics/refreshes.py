"""Refreshes of statistics by the procedures in the database, and the last refresh of each table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select, text

from pandadb.models import StatisticsRun

if TYPE_CHECKING:
    from datetime import datetime

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statistics.catalog import StatisticsTable

RUN = StatisticsRun.__table__.c


class Refresh(NamedTuple):
    """The last refresh of a table; all but its name are None if there was none."""

    name: str
    refreshed_at: datetime | None = None
    """Naive UTC; its rows have this time, if they have one."""
    took_ms: int | None = None
    row_count: int | None = None
    """Rows after the refresh; of WORKER_NODE_METRICS those that it has added."""
    run_by: str | None = None


def refresh(session: Transaction, table: StatisticsTable) -> Refresh | None:
    """Refresh a table; return None, with nothing done, while another session refreshes it.

    Until the end of the transaction others read the old rows, and refresh other tables only.
    """
    if session.scalar(select(func.pandadb.begin_refresh(table.name))) is None:
        return None
    session.execute(text(table.statement))
    return last_refreshes(session)[table.name]


def last_refreshes(session: Transaction) -> dict[str, Refresh]:
    """Return the last refresh of each table that was refreshed, by whichever scheduler."""
    columns = select(*(RUN[name] for name in Refresh._fields)).where(RUN.refreshed_at.is_not(None))
    return {row.name: Refresh(*row) for row in session.execute(columns)}
