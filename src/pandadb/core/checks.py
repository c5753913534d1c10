"""Values, checked against the columns they are for before anything is sent."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, DateTime, Integer, Numeric, SmallInteger, String

from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.models import Base

BITS = {SmallInteger: 16, BigInteger: 64, Integer: 32}
Check = Callable[[Any], str | None]
"""What says what is wrong with a value, or None."""


class BadValue(PandaDBError):
    """A column that there is not, or a value that does not fit its column; nothing was changed."""


def check_columns(model: type[Base], values: Mapping[str, Any]) -> None:
    """See that every name is a column of the table and every value fits.

    Raises:
        BadValue: One does not.
    """
    checks = _checks(model)
    for name, value in values.items():
        if name not in checks:
            near = difflib.get_close_matches(name, checks.keys(), 1)
            hint = f": is it {near[0]}?" if near else ""
            raise BadValue(f"{model.__tablename__} has no column {name!r}{hint}")
        if mistake := checks[name](value):
            raise BadValue(f"{name} {mistake}")


@cache
def _checks(model: type[Base]) -> dict[str, Check]:
    return {
        column.name: partial(_not_null, _of_type(column.type), bool(column.nullable))
        for column in model.__table__.columns
    }


def _of_type(kind: Any) -> Check:
    match kind:
        case String(length=length):
            return partial(_text, length)
        case Integer():
            return partial(
                _whole, next(bits for size, bits in BITS.items() if isinstance(kind, size))
            )
        case Numeric(precision=precision, scale=scale):
            return partial(_decimal, precision or 1000, scale or 0)
        case DateTime():
            return _time
        case _:
            return lambda _value: None


def _not_null(check: Check, nullable: bool, value: Any) -> str | None:
    if value is None:
        return None if nullable else "has to have a value: it cannot be NULL"
    return check(value)


def _text(length: int | None, value: Any) -> str | None:
    if not isinstance(value, str):
        return f"has to be text, not {value!r}"
    if "\0" in value:
        return "cannot have a NUL character in it"
    if length is not None and len(value) > length:
        return f"is too long: {len(value)} characters, {length} fit"
    return None


def _whole(bits: int, value: Any) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return f"has to be a whole number, not {value!r}"
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        return f"is too large: {value}, the limit is {(1 << (bits - 1)) - 1}"
    return None


def _decimal(precision: int, scale: int, value: Any) -> str | None:
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        return f"has to be a number, not {value!r}"
    if not round(abs(Decimal(value)), scale) < 10 ** (precision - scale):
        return f"is too large: {value}, {precision - scale} digits fit"
    return None


def _time(value: Any) -> str | None:
    if not isinstance(value, datetime):
        return f"has to be a time, not {value!r}"
    if value.tzinfo is not None:
        return f"has to be naive UTC, without a time zone: {value.isoformat()}"
    return None
