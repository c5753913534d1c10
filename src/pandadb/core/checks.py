"""Values, checked against the columns they are for before anything is sent."""

from __future__ import annotations

import difflib
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, DateTime, Integer, Numeric, SmallInteger, String

from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Column

    from pandadb.models import Base

BITS: Mapping[type[Any], int] = {SmallInteger: 16, BigInteger: 64, Integer: 32}


class BadValue(PandaDBError):
    """A column that there is not, or a value that does not fit its column; nothing was changed."""


def check_columns(model: type[Base], values: Mapping[str, Any]) -> None:
    """See that every name is a column of the table and every value fits.

    Raises:
        BadValue: One does not.
    """
    check_names(model, values)
    for name, value in values.items():
        mistake = _mistake(model.__table__.columns[name], value)
        if mistake:
            raise BadValue(f"{name} {mistake}")


def check_text(name: str, value: Any) -> None:
    """See that a value is text that the database can take, of any length.

    Raises:
        BadValue: It is not; the sentence names it.
    """
    mistake = _text_mistake(value, None)
    if mistake:
        raise BadValue(f"{name} {mistake}")


def check_names(model: type[Base], names: Iterable[str]) -> None:
    """See that every name is a column of the table.

    Raises:
        BadValue: One is not.
    """
    columns = model.__table__.columns.keys()
    for name in names:
        if name not in columns:
            raise BadValue(f"{model.__tablename__} has no column {name!r}{near(name, columns)}")


def near(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown name: the known one that it may mean."""
    found = difflib.get_close_matches(name, known, 1)
    return f": is it {found[0]}?" if found else ""


def _mistake(column: Column[Any], value: Any) -> str | None:
    """Return what is wrong with the value, or None."""
    if value is None:
        return None if column.nullable else "has to have a value: it cannot be NULL"
    match column.type:
        case String(length=length):
            return _text_mistake(value, length)
        case Integer():
            bits = next(bits for kind, bits in BITS.items() if isinstance(column.type, kind))
            return _integer_mistake(value, bits)
        case Numeric(precision=precision, scale=scale):
            return _decimal_mistake(value, precision or 1000, scale or 0)
        case DateTime():
            return _time_mistake(value)
        case _:
            return None


def _text_mistake(value: Any, length: int | None) -> str | None:
    if not isinstance(value, str):
        return f"has to be text, not {value!r}"
    if "\0" in value:
        return "cannot have a NUL character in it"
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        return "has bytes in it that are not UTF-8"
    if length is not None and len(value) > length:
        return f"is too long: {len(value)} characters, {length} fit"
    return None


def _integer_mistake(value: Any, bits: int) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return f"has to be a whole number, not {value!r}"
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        return f"is too large: {value}, the limit is {2 ** (bits - 1) - 1}"
    return None


def _decimal_mistake(value: Any, precision: int, scale: int) -> str | None:
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        return f"has to be a number, not {value!r}"
    if not round(abs(Decimal(value)), scale) < 10 ** (precision - scale):
        return f"is too large: {value}, {precision - scale} digits fit"
    return None


def _time_mistake(value: Any) -> str | None:
    if not isinstance(value, datetime):
        return f"has to be a time, not {value!r}"
    if value.tzinfo is not None:
        return f"has to be naive UTC, without a time zone: {value.isoformat()}"
    return None
