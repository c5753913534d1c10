"""Looks into a few partitions at a time, each of which gives back its locks.

A server has room for some thousand locks, and a statement locks each partition that it may read
with all its indexes, until the transaction ends; or until it goes back to where it was before.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, and_, false, literal, or_, true

from pandadb.core.sql.psycopg_connection import driver_of
from pandadb.core.sql.transaction import connection_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, SQLColumnExpression

    from pandadb.core.sql.transaction import Transaction


@dataclass(frozen=True, order=True)
class Span:
    """Times from one to before another; None is for ever."""

    lower: datetime | None
    upper: datetime | None


@contextmanager
def released(session: Transaction) -> Iterator[Connection]:
    """Lend a connection for reading: what it has locked is free again afterwards."""
    connection = connection_of(session)  # what were flushed later would be undone
    if driver_of(connection).autocommit:
        yield connection  # each statement ends with its locks
        return
    with connection.begin_nested() as look:
        try:
            yield connection
        finally:
            if look.is_active:
                look.rollback()


def seen(moment: datetime) -> ColumnElement[datetime]:
    """Return a time that the planner sees, so that it leaves out partitions of other times.

    With a parameter the server would lock them all, once it tries a plan that fits every value.
    """
    return literal(moment, DateTime, literal_execute=True)


def within(column: SQLColumnExpression[datetime], spans: Iterable[Span]) -> ColumnElement[bool]:
    """Choose times so that no other partition is locked."""
    return or_(false(), *(_within(column, span) for span in spans))


def _within(column: SQLColumnExpression[Any], span: Span) -> ColumnElement[bool]:
    bounds: list[ColumnElement[bool]] = []
    if span.lower is not None:
        bounds.append(column >= seen(span.lower))
    if span.upper is not None:
        bounds.append(column < seen(span.upper))
    return and_(true(), *bounds)
