"""Text of a record turned into values: one converter per column, made once for a file."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import DefaultClause, Integer, Numeric, String

from pandadb.core.jobs.states import FINAL
from pandadb.core.sql.column_values import integer_range, is_plain, utc
from pandadb.core.sql.validation import mistake_of, shown
from pandadb.errors import InvalidInput
from pandadb.models import JobsArchived4

if TYPE_CHECKING:
    from datetime import datetime

COLUMNS = JobsArchived4.__table__.columns

DURATIONS = ("wall_time", "queue_time", "timestagein", "timeexe", "timestageout")
"""Seconds: they become times of the job, and its pilottiming."""

METRICS = {"dbtime": "dbTime", "workdirsize": "workDirSize"}
"""Columns from the pilot's jobmetrics, each with its spelling there."""

DERIVED = ("cpu_eff",)
"""Computed from other columns, and so not kept."""

LIFE = ("creationtime", "starttime", "endtime", "modificationtime")
"""The times of a job, in their order."""

REQUIRED = ("pandaid", "wall_time")

YEARS = (2000, 2100)
"""Between them jobs live; a year outside is a slip."""

LIMITS = {
    "pandaid": (1, 10**15),  # the sequence has to go on above it
    "nevents": (0, 10**12),
    **dict.fromkeys(DURATIONS, (0, 366 * 86_400)),
}
"""The least and the greatest value, where the type of the column allows nonsense."""

Convert = Callable[[str], Any]

MISSING = object()
"""The value for an empty field of a NOT NULL column."""


class RecordError(InvalidInput):
    """A file of records that cannot be loaded, and where."""


def converter(name: str) -> Convert:
    """Return the converter of a column's text to its value; an empty text is None or the default.

    The converter raises RecordError with the cause, to which the reader adds the place.
    """
    if name in REQUIRED or name == "jobstatus":
        return _made(name, MISSING)
    clause = None if name not in COLUMNS or COLUMNS[name].nullable else COLUMNS[name].server_default
    given = clause.arg if isinstance(clause, DefaultClause) else None
    return _made(name, _made(name, None)(given) if isinstance(given, str) else None)


def _made(name: str, empty: Any) -> Convert:
    if name in SPECIAL:
        return SPECIAL[name](empty)
    match COLUMNS[name].type:
        case Integer() as kind:
            return _whole(*integer_range(kind), empty)
        case Numeric(precision=precision, scale=scale):
            return _decimal(precision or 28, scale or 0, None, empty)
        case String():
            return _text(name, empty)
        case _:
            return _filled(_time, empty)


def _filled(convert: Convert, empty: Any) -> Convert:
    def checked(text: str) -> Any:
        text = text.strip()
        return convert(text) if text else _empty(empty)

    return checked


def _empty(value: Any) -> Any:
    if value is MISSING:
        raise RecordError("a value is missing")
    return value


def _whole(low: int, high: int, empty: Any) -> Convert:
    def convert(text: str) -> Any:
        try:
            number: int | Decimal = int(text) if is_plain(text) else _number(text)
        except ValueError:
            if not text.strip():
                return _empty(empty)
            number = _number(text)
            if number != number.to_integral_value():
                raise RecordError(f"{text!r} is not a whole number") from None
        if low <= number <= high:
            return number if number.__class__ is int else int(number)
        raise _beyond(text, low, high, number < low)

    return convert


def _beyond(text: str, low: int, high: int, below: bool) -> RecordError:
    if below:
        return RecordError(f"{text} is too small, the least is {low}")
    return RecordError(f"{text} is too large, the limit is {high}")


def _decimal(precision: int, scale: int, low: int | None, empty: Any) -> Convert:
    high = Decimal(10) ** (precision - scale)
    least = -high if low is None else Decimal(low)
    unit = Decimal(1).scaleb(-scale)

    def convert(text: str) -> Any:
        if not text or text.isspace():
            return _empty(empty)
        number = _number(text)
        if least <= number < high:
            number = number.quantize(unit)
        if least <= number < high:
            return number
        raise _beyond(text, int(least), int(high) - 1, number < least)

    return convert


def _number(text: str) -> Decimal:
    if not is_plain(text):
        raise RecordError(f"{text!r} is not a number")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise RecordError(f"{text!r} is not a number") from None
    if not number.is_finite():
        raise RecordError(f"{text!r} is not a number")
    return number


def _text(name: str, empty: Any) -> Convert:
    def convert(text: str) -> str:
        if mistake := mistake_of(JobsArchived4, name, text):
            raise RecordError(f"{shown(text)} {mistake}")
        return text

    return _filled(convert, empty)


def _final(text: str) -> str:
    if text not in FINAL:
        raise RecordError(f"{text!r} is not a final state: {', '.join(FINAL)}")
    return text


def _time(text: str) -> datetime:
    try:
        return utc(text)
    except (ValueError, OverflowError):
        raise RecordError(f"{text!r} is not a time such as 2018-03-25T10:00:00") from None


def _moment(text: str) -> datetime:
    time = _time(text)
    check_year(time.year, text)
    return time


def check_year(year: int, text: str) -> None:
    """See that jobs may have lived then."""
    first, last = YEARS
    if not first <= year <= last:
        raise RecordError(f"{text} is not in the years {first} to {last}")


SPECIAL: dict[str, Callable[[Any], Convert]] = {
    **{name: partial(_whole, *limits) for name, limits in LIMITS.items()},
    **dict.fromkeys(METRICS, partial(_decimal, 20, 6, 0)),
    **dict.fromkeys(DERIVED, partial(_decimal, 20, 10, None)),
    **dict.fromkeys(LIFE, partial(_filled, _moment)),
    "jobstatus": partial(_filled, _final),
}
"""Columns with rules beyond their type, and fields that are no column of a job."""
