"""Ranges of times, and reads that release their locks.

A server has room for some thousand locks, and a statement locks each partition that it may read
with all its indexes until the end of its transaction, or until a rollback to a savepoint before it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql
from sqlalchemy import DateTime, and_, false, literal, or_, true
from typing_extensions import override

from pandadb.core.sql.psycopg_connection import driver_of
from pandadb.core.sql.transaction import connection_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, SQLColumnExpression

    from pandadb.core.sql.transaction import Transaction


@dataclass(frozen=True, order=True)
class TimeRange:
    """The times from `lower` to before `upper`, naive UTC; None is unbounded."""

    lower: datetime | None
    upper: datetime | None

    @override
    def __str__(self) -> str:
        """Return the first day."""
        return str(self.lower.date()) if self.lower else f"before {self.upper}"

    def __contains__(self, moment: datetime) -> bool:
        """Return whether a time is in the range."""
        return (self.lower is None or self.lower <= moment) and (
            self.upper is None or moment < self.upper
        )

    def overlaps(self, other: TimeRange) -> bool:
        """Return whether the ranges have a time in common."""
        return _is_before(self.lower, other.upper) and _is_before(other.lower, self.upper)

    def condition(self) -> sql.Composed:
        """Return the SQL condition on `modificationtime`, with literals that the planner can use.

        The planner leaves out partitions of other times only if it knows the limits.
        """
        bounds = ((">=", self.lower), ("<", self.upper))
        parts: list[sql.Composable] = [
            sql.SQL("modificationtime {} {}").format(sql.SQL(operator), sql.Literal(str(bound)))
            for operator, bound in bounds
            if bound is not None
        ]
        return sql.SQL(" AND ").join(parts or [sql.SQL("true")])


def _is_before(lower: datetime | None, upper: datetime | None) -> bool:
    return lower is None or upper is None or lower < upper


@contextmanager
def released(session: Transaction) -> Iterator[Connection]:
    """Open a connection for reads; their locks are released at the end of the block."""
    connection = connection_of(session)  # flushed first: a later flush would be rolled back
    if driver_of(connection).autocommit:
        yield connection  # each statement releases its own locks
        return
    with connection.begin_nested() as savepoint:
        try:
            yield connection
        finally:
            if savepoint.is_active:
                savepoint.rollback()


def seen(moment: datetime) -> ColumnElement[datetime]:
    """Return a time as a literal, so that the planner leaves out partitions of other times.

    With a parameter the server would lock all partitions as soon as it tries a generic plan.
    """
    return literal(moment, DateTime, literal_execute=True)


def within(
    column: SQLColumnExpression[datetime], ranges: Iterable[TimeRange]
) -> ColumnElement[bool]:
    """Return the condition that a time is in one of the ranges; no other partition is locked."""
    return or_(false(), *(_within(column, times) for times in ranges))


def _within(column: SQLColumnExpression[Any], times: TimeRange) -> ColumnElement[bool]:
    bounds: list[ColumnElement[bool]] = []
    if times.lower is not None:
        bounds.append(column >= seen(times.lower))
    if times.upper is not None:
        bounds.append(column < seen(times.upper))
    return and_(true(), *bounds)
