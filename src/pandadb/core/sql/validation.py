"""Values, checked against the columns they are for before anything is sent."""

from __future__ import annotations

import difflib
import operator
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Integer, Numeric, String

from pandadb.core.sql.column_values import integer_range, parse
from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.models import Base

SHOWN = 100
"""Characters of a value that a sentence shows."""
FIRST, LAST = -(2**63), 2**63 - 1
"""The range of a column of ids."""
Check = Callable[[Any], str | None]
"""A function that returns the error of a value as text, or None."""


class InvalidValue(InvalidInput):
    """A column that there is not, or a value that does not fit its column; nothing was changed."""


def check_columns(model: type[Base], values: Mapping[str, Any]) -> None:
    """See that every name is a column of the table and every value fits.

    Raises:
        InvalidValue: One does not.
    """
    checks = _checks(model)  # a call less for each value: of a thousand jobs there are 60,000
    for name, value in values.items():
        check = checks.get(name)
        if check is None or check(value):
            raise InvalidValue(mistake_in(model, name, value))


def check_given(names: Iterable[str], ours: Iterable[str], setter: str) -> None:
    """Check that a caller gives none of the columns that pandadb sets by itself.

    Raises:
        InvalidValue: One is given; the sentence names the verb or function that sets it.
    """
    for name in ours:
        if name in names:
            raise InvalidValue(f"{name} is set by {setter}, and cannot be given")


def mistake_in(model: type[Base], name: str, value: Any) -> str | None:
    """Return the error of a value for a column, as a sentence that names it, or None."""
    check = _checks(model).get(name)
    if check is None:
        return _unknown(model, name)
    mistake = check(value)
    return f"{name} {mistake}" if mistake else None


def check_names(model: type[Base], names: Iterable[str]) -> None:
    """See that every name is a column of the table.

    Raises:
        InvalidValue: One is not.
    """
    for name in names:
        if name not in _checks(model):
            raise InvalidValue(_unknown(model, name))


def _unknown(model: type[Base], name: Any) -> str:
    hint = near(name, _checks(model)) if isinstance(name, str) else ""
    return f"{model.__tablename__} has no column {shown(name)}{hint}"


def mistake_of(model: type[Base], column: str, value: Any) -> str | None:
    """Return the error of a value for an existing column, or None."""
    return _checks(model)[column](value)


def check_text(name: str, value: Any) -> None:
    """See that a value is text that the database can take, of any length.

    Raises:
        InvalidValue: It is not; the sentence names it.
    """
    if mistake := mistake_in_text(name, value):
        raise InvalidValue(mistake)


def mistake_in_text(name: str, value: Any) -> str | None:
    """Return why a value is no text that the database can take, as a sentence, or None."""
    mistake = _text(sys.maxsize)(value)
    return f"{name} {mistake}" if mistake else None


def ids(given: int | Iterable[int], name: str = "pandaid") -> list[int]:
    """Return ids as a list, each once: of one, or of several; numbers that a column of ids takes.

    Raises:
        InvalidValue: One is no whole number, or out of the column's range; a text, a bool or a
            fraction is no whole number.
    """
    if given.__class__ is int:
        given = (given,)
    elif isinstance(given, str | bytes | bool) or not isinstance(given, Iterable):
        given = (_id(given, name),)
    known = (
        one if one.__class__ is int and FIRST <= one <= LAST else _id(one, name) for one in given
    )
    return [*dict.fromkeys(known)]


def _id(given: Any, name: str) -> int:
    try:
        number = None if isinstance(given, bool) else operator.index(given)
    except TypeError:
        number = None
    if mistake := _whole(FIRST, LAST, nullable=False)(given if number is None else number):
        raise InvalidValue(f"{name} {mistake}")
    return number or 0


def check_number(name: str, value: Any, least: int, greatest: int) -> None:
    """See that a value is a whole number between two limits.

    Raises:
        InvalidValue: It is not.
    """
    if value.__class__ is not int:
        raise InvalidValue(f"{name} has to be a whole number, not {value!r}")
    if not least <= value <= greatest:
        raise InvalidValue(f"{name} has to be from {least:,} to {greatest:,}, not {value}")


def words(given: str | Iterable[str]) -> list[str]:
    """Return words as a list: a text is one word, not its letters."""
    return [given] if isinstance(given, str) else [*given]


def from_text(model: type[Base], name: str, text: str) -> Any:
    """Return the value of a column from its text; NULL is None.

    Raises:
        InvalidValue: There is no such column, or the text is no value of it.
    """
    check_names(model, [name])
    if text == "NULL":
        return None
    try:
        kind = model.__table__.columns[name].type
        return parse(kind, text)
    except (ValueError, ArithmeticError):
        raise InvalidValue(f"{name} cannot be {text!r}") from None


def near(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown name: the known ones that it may mean."""
    word, by_word = str(name).lower(), {one.lower(): one for one in known}
    found = difflib.get_close_matches(word, by_word, 1)
    found = found or [one for one in by_word if word and word in one][:3]
    return f": is it {' or '.join(by_word[one] for one in found)}?" if found else ""


@cache
def _checks(model: type[Base]) -> dict[str, Check]:
    return {
        column.name: _of_type(column.type, bool(column.nullable))
        for column in model.__table__.columns
    }


def _of_type(kind: Any, nullable: bool) -> Check:
    """Return the function that checks values of a column; cached, as it is called often."""
    match kind:
        case String(length=length):
            return _text(length or sys.maxsize, nullable)
        case Integer():
            return _whole(*integer_range(kind), nullable)
        case Numeric(precision=precision, scale=scale):
            return partial(_decimal, precision or 1000, scale or 0, nullable)
        case DateTime():
            return partial(_time, nullable)
        case _:
            return lambda _value: None


def _text(length: int, nullable: bool = False) -> Check:
    def check(value: Any) -> str | None:
        if value.__class__ is str and len(value) <= length and value.isascii():
            return "cannot have a NUL character in it" if "\0" in value else None
        if not isinstance(value, str):
            return _wrong(value, "text", nullable)
        if "\0" in value:
            return "cannot have a NUL character in it"
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            return "has bytes in it that are not UTF-8"
        if len(value) > length:
            return f"is too long: {len(value)} characters, {length} fit"
        return None

    return check


def _whole(low: int, high: int, nullable: bool) -> Check:
    def check(value: Any) -> str | None:
        if value.__class__ is int and low <= value <= high:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            return _wrong(value, "a whole number", nullable)
        return f"is too large: {shown(value)}, the limit is {high if value > high else low}"

    return check


def _decimal(precision: int, scale: int, nullable: bool, value: Any) -> str | None:
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        return _wrong(value, "a number", nullable)
    number = Decimal(repr(float(value)) if isinstance(value, float) else value)
    if not number.is_finite():
        return f"has to be a number, not {value}"
    whole = precision - scale
    if number.copy_abs() >= Decimal(10) ** whole - Decimal(5).scaleb(-scale - 1):  # it is rounded
        return f"is too large: {shown(value)}, {whole} digits fit"
    return None


def _time(nullable: bool, value: Any) -> str | None:
    if not isinstance(value, datetime):
        return _wrong(value, "a time", nullable)
    if value.tzinfo is not None:
        return f"has to be naive UTC, without a time zone: {value.isoformat()}"
    return None


def shown(value: Any) -> str:
    """Return a value as a sentence can have it, however long it is."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, or deep nesting
        return f"a value of type {type(value).__name__} that is too large to be shown"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _wrong(value: Any, wanted: str, nullable: bool) -> str | None:
    if value is not None:
        return f"has to be {wanted}, not {shown(value)}"
    return None if nullable else "has to have a value: it cannot be NULL"
