"""Widths of partitions and times of retention: days, months, or so many ids.

The names of partitions are those that pg_partman gives, so that the partitions of a database that
had it go on: `jobs_statuslog_p2026_11_21`, `datasets_p2026_11`, `jedi_tasks_p3000000`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from typing_extensions import override

from pandadb.core.sql.timestamps import is_beyond
from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from typing import Any

Bound = datetime | int
"""Where a partition begins or ends: a time (naive UTC), or an id."""

FIRST_DAY = datetime(1970, 1, 1)
BIGINT = 2**63


class InvalidSpan(InvalidInput):
    """A text that is no span."""


class Unit(StrEnum):
    """The unit of a span."""

    DAY = "day"
    MONTH = "month"
    ID = "id"


@dataclass(frozen=True)
class Span:
    """So many days, months or ids; ranges of a span begin at its multiples since 1970 or zero."""

    size: int
    unit: Unit

    @classmethod
    def of(cls, text: str) -> Span:
        """Return the span that a text means: `1 day`, `3 months`, `1000000 ids`.

        Raises:
            InvalidSpan: It means none.
        """
        found = re.fullmatch(r"\s*([1-9][0-9]{0,15})\s+(day|month|id)s?\s*", text)
        if not found:
            raise InvalidSpan(f"{text!r} is no span: write 1 day, 3 months or 1000000 ids")
        return cls(int(found[1]), Unit(found[2]))

    def start(self, value: Any) -> Any:
        """Return where the range begins that a time or an id is in."""
        match self.unit:
            case Unit.DAY:
                return FIRST_DAY + timedelta((value - FIRST_DAY).days // self.size * self.size)
            case Unit.MONTH:
                return _month(_months(value) // self.size * self.size)
            case Unit.ID:
                return value // self.size * self.size

    def after(self, value: Any, times: int = 1) -> Any:
        """Return the beginning of the range that follows a value's; with `times`, of a later one.

        A negative number leads back.
        """
        start = self.start(value)
        match self.unit:
            case Unit.DAY:
                return start + timedelta(self.size * times)
            case Unit.MONTH:
                return _month(_months(start) + self.size * times)
            case Unit.ID:
                return start + self.size * times

    def range_of(self, value: Any) -> tuple[Any, Any] | None:
        """Return the bounds of the range of a value; None if no partition can have them.

        That is the case for infinity, for times before the year 1 or in the year 9999, and for ids
        at the end of bigint.
        """
        if isinstance(value, datetime) and is_beyond(value):
            return None
        try:
            lower, upper = self.start(value), self.after(value)
        except (OverflowError, ValueError):
            return None
        if self.unit is Unit.ID and not (lower >= -BIGINT and upper < BIGINT):
            return None
        return lower, upper

    def before(self, moment: datetime) -> datetime:
        """Return the moment as much earlier; the last day of a month stays one that there is.

        Raises:
            InvalidSpan: It is a number of ids.
        """
        match self.unit:
            case Unit.DAY:
                return moment - timedelta(self.size)
            case Unit.MONTH:
                first = _month(_months(moment) - self.size)
                last = _month(_months(first) + 1) - timedelta(1)
                clock = moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)
                return first.replace(day=min(moment.day, last.day)) + clock
            case Unit.ID:
                raise InvalidSpan(f"{self} is no time")

    def later(self, moment: datetime) -> datetime:
        """Return the first moment that is as much later, so that `before` leads back to this one.

        Raises:
            InvalidSpan: It is a number of ids.
        """
        match self.unit:
            case Unit.DAY:
                return moment + timedelta(self.size)
            case Unit.MONTH:
                first = _months(moment) + self.size
                since = moment - _month(_months(moment))
                return min(_month(first) + since, _month(first + 1))
            case Unit.ID:
                raise InvalidSpan(f"{self} is no time")

    def suffix(self, lower: Bound) -> str:
        """Return the suffix of the name of a partition with that lower bound."""
        if not isinstance(lower, datetime):
            return f"p{lower}"
        monthly = self.unit is Unit.MONTH and lower == self.start(lower)
        day = str(lower.date()).replace("-", "_")  # with four digits of the year, unlike strftime
        return f"p{day[:7] if monthly else day}"

    @override
    def __str__(self) -> str:
        """Return the text that means it."""
        return f"{self.size} {self.unit}{'s' if self.size > 1 else ''}"


def _months(moment: datetime) -> int:
    return moment.year * 12 + moment.month - 1


def _month(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1)
