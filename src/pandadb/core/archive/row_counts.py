"""Rows of partitions that no ANALYZE has seen yet, counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from psycopg import sql

from pandadb.core.archive.months import rows_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Day, Part
    from pandadb.core.sql.time_range import TimeRange


def counted(session: Session, day: Day) -> Day:
    """Return a day with counted rows for those of its partitions that lack statistics.

    An empty partition is among them, which costs nothing.
    """
    return replace(day, parts=tuple(_counted(session, part) for part in day.parts))


def _counted(session: Session, part: Part) -> Part:
    if part.rows:
        return part
    return replace(part, rows=rows_within(session, part.source, part))


def rows_within(session: Session, table: str, times: TimeRange) -> int:
    """Count the rows of some time in a table."""
    query = sql.SQL("SELECT count(*) FROM {}").format(rows_of(session, table, times))
    return int(session.connection().exec_driver_sql(query.as_string()).scalar_one())
