"""Effects of a transition on columns, and guards: each in words and in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, func, literal, literal_column, null, or_
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from pandadb.models.types import EPOCH, Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

Columns = ReadOnlyColumnCollection[str, Any]
"""The columns of a row, by name, in whichever table it is."""


@dataclass(frozen=True)
class Effect:
    """The new value of a column, given the row as it was and the name of the column."""

    words: str
    of: Callable[[Columns, str], Any]


@dataclass(frozen=True)
class Guard:
    """A condition of a transition beside the state."""

    words: str
    of: Callable[[Columns], ColumnElement[bool]]
    otherwise: str
    """The end of a sentence on a row that does not meet it: `the job is sent but it is to be …`."""


def moment() -> ColumnElement[Any]:
    """Return the time (UTC) at which all rows of a transition were locked: see `statement`.

    A transaction that has waited for a lock comes after its holder, so logs are in order.
    """
    return literal_column('(SELECT "at" FROM "moment")', Timestamp())


def value(given: str | int) -> Effect:
    """Set the column to one value."""
    return Effect(str(given), lambda _job, _column: literal(given))


def at_least(given: int) -> Effect:
    """Raise the column to a value if it is lower."""
    return Effect(f"{given} if lower", lambda job, column: func.greatest(job[column], given))


def when(condition: Guard, effect: Effect) -> Effect:
    """Apply an effect to the rows that meet a condition; the others keep their value."""
    return Effect(
        f"{effect.words}, if {condition.words}",
        lambda job, column: case((condition.of(job), effect.of(job, column)), else_=job[column]),
    )


def _is_unset(time: Any) -> ColumnElement[bool]:
    return or_(time.is_(None), time == EPOCH)


NOW = Effect("now", lambda _job, _column: moment())
NULL = Effect("NULL", lambda _job, _column: null())
INCREMENT = Effect("+ 1", lambda job, column: job[column] + 1)
LOWER = Effect("- 10", lambda job, column: job[column] - 10)
UNLESS_SET = Effect(
    "now, unless it is set",
    lambda job, column: case((_is_unset(job[column]), moment()), else_=job[column]),
)
"""PanDA leaves times that are not set NULL or at 1970-01-01."""
