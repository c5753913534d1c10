"""What values the types of columns take, and how text is read as one.

Once for what callers give (`validation`) and for files of records (`core/jobs/csv_import`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Numeric, SmallInteger

BITS = {SmallInteger: 16, BigInteger: 64, Integer: 32}
"""Integer comes last: it is the base of the two others."""


def integer_range(kind: Integer) -> tuple[int, int]:
    """Return the least and the greatest number that a column of the type takes."""
    bits = next(bits for size, bits in BITS.items() if isinstance(kind, size))
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def is_plain(text: str) -> bool:
    """Return whether PostgreSQL reads the digits, too: 1_0 and other scripts' only Python reads."""
    return text.isascii() and "_" not in text


def utc(text: str) -> datetime:
    """Return the time of a text in ISO format as naive UTC.

    Raises:
        ValueError, OverflowError: The text is no such time.
    """
    time = datetime.fromisoformat(text)
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def parse(kind: Any, text: str) -> Any:
    """Return the value of a type of column that a text stands for; times as naive UTC.

    Raises:
        ValueError, ArithmeticError: The text stands for none.
    """
    match kind:
        case Integer() | Numeric() if not is_plain(text):
            raise ValueError(text)
        case Integer():
            return int(text)
        case Numeric():
            return _finite(Decimal(text))
        case DateTime():
            return utc(text)
        case _:
            return text


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise ValueError(str(number))
    return number
