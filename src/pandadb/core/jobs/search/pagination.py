"""Where a page of jobs ends: the place in an order, and the jobs that come after it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import DateTime, false, literal, or_, tuple_
from typing_extensions import override

from pandadb.core.sql import timestamps
from pandadb.core.sql.column_values import parse
from pandadb.core.sql.validation import InvalidValue, check_columns, check_names
from pandadb.errors import InvalidInput
from pandadb.models import JobsActive4, JobsArchived

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement


class InvalidCursor(InvalidInput):
    """A cursor that is not one of ours, or of another order."""


@dataclass(frozen=True)
class Order:
    """An order of jobs: a column, then the PandaID. NULL comes after every value."""

    column: str = "pandaid"
    descending: bool = False

    def __post_init__(self) -> None:
        check_names(JobsActive4, [self.column])

    def by(self, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
        """Return the expressions of ORDER BY."""
        return [column.desc() if self.descending else column.asc() for column in columns]


@dataclass(frozen=True)
class Cursor:
    """A place in an order: after a job."""

    order: Order
    value: Any
    """The value of the job in the column of the order."""
    pandaid: int

    @override
    def __str__(self) -> str:
        value = None if self.value is None else str(self.value)
        words = [self.order.column, self.order.descending, value, self.pandaid]
        return base64.urlsafe_b64encode(json.dumps(words).encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, order: Order) -> Self:
        """Return the cursor that a text stands for.

        Raises:
            InvalidCursor: The text is not from `str(cursor)`, or the cursor is of another order.
        """
        try:
            words = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            column, descending, given, pandaid = words
            found = Order(column, descending)
            value = None if given is None else _parsed(JobsArchived.__table__.c[column].type, given)
            check_columns(JobsArchived, {"pandaid": pandaid})
            if value is not None:
                check_columns(JobsArchived, {column: value})
        except (ValueError, TypeError, ArithmeticError, RecursionError, InvalidValue):
            raise InvalidCursor(f"{text!r} is no cursor: take it from the page before") from None
        if found != order:
            way = "descending" if descending else "ascending"
            raise InvalidCursor(f"The cursor is of jobs by {column}, {way}: ask for the same order")
        return cls(order, value, pandaid)

    def follows(self, column: Column[Any], pandaid: Column[int]) -> ColumnElement[bool]:
        """Choose the rows that come after this place; as PostgreSQL does, NULL is the largest."""
        descending = self.order.descending
        beyond = pandaid < self.pandaid if descending else pandaid > self.pandaid
        if column.name == "pandaid":
            return beyond
        if self.value is None:
            return or_(column.is_not(None) if descending else false(), column.is_(None) & beyond)
        here = tuple_(column, pandaid)
        there = tuple_(literal(self.value, column.type), literal(self.pandaid, pandaid.type))
        if descending:
            return here < there
        return or_(here > there, column.is_(None) if column.nullable else false())


def _parsed(kind: Any, text: Any) -> Any:
    """Return the value of a cursor; its time may be one that only PostgreSQL has.

    Raises:
        TypeError: It is no text, and no cursor has been so.
    """
    if not isinstance(text, str):
        raise TypeError(text)
    return timestamps.read(text) if isinstance(kind, DateTime) else parse(kind, text)
