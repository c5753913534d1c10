"""Times that PostgreSQL has and Python does not: infinity, BC, beyond the year 9999.

Such a time is read as Python's first or last one, by which it is compared, and keeps its text: it
is shown as that, and written back as that, never as the nearest time that Python has.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, cast

import psycopg
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from typing_extensions import override

if TYPE_CHECKING:
    from psycopg.abc import AdaptContext, Buffer

TIMESTAMP = psycopg.adapters.types["timestamp"].oid
DEFAULT_LOADER = cast("type[Loader]", psycopg.adapters.get_loader(TIMESTAMP, Format.TEXT))
FIRST, LAST = datetime.min, datetime.max  # noqa: DTZ901 - times in the database are naive UTC
OUT_OF_RANGE = re.compile(r"-?infinity|\d{4,}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( BC)?")


class TimeBeyond(datetime):
    """A time that Python cannot have. The result of arithmetic with it is a usual time."""

    text: str | None = None
    """As PostgreSQL writes it."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the time of a text.

        Raises:
            ValueError: The text is none of PostgreSQL's.
        """
        if not OUT_OF_RANGE.fullmatch(text):
            raise ValueError(f"{text!r} is no time")
        nearest = FIRST if text.startswith("-") or text.endswith("BC") else LAST
        found = cls.combine(nearest.date(), nearest.time())
        found.text = text
        return found

    @override
    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        """Return the text as PostgreSQL writes it."""
        return self.text or super().isoformat(sep, timespec)

    @override
    def __str__(self) -> str:
        return self.isoformat(" ")

    @override
    def __repr__(self) -> str:
        return f"TimeBeyond.of({self.text!r})" if self.text else super().__repr__()

    @override
    def __format__(self, how: str) -> str:
        return self.text or super().__format__(how)

    def __deepcopy__(self, _: Any) -> Self:
        return self

    @override
    def __reduce_ex__(self, protocol: Any) -> Any:
        return (type(self).of, (self.text,)) if self.text else super().__reduce_ex__(protocol)


def read(text: str) -> datetime:
    """Return the time that PostgreSQL has written as a text.

    Raises:
        ValueError: The text is no time.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return TimeBeyond.of(text)


def is_beyond(moment: datetime) -> bool:
    """Return whether a time is one that Python cannot have."""
    return isinstance(moment, TimeBeyond) and moment.text is not None


class TimeLoader(Loader):
    """Reads times: a row is never unreadable."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self.usual = DEFAULT_LOADER(oid, context).load

    @override
    def load(self, data: Buffer) -> datetime:
        try:
            return cast("datetime", self.usual(data))
        except psycopg.DataError:
            return TimeBeyond.of(bytes(data).decode())


class TimeDumper(Dumper):
    """Writes a time that Python cannot have as it was read."""

    oid = TIMESTAMP

    @override
    def dump(self, obj: datetime) -> Buffer:
        return str(obj).encode()


def register(connection: psycopg.Connection[Any]) -> None:
    """Have a connection read and write all times that PostgreSQL has."""
    connection.adapters.register_loader(TIMESTAMP, TimeLoader)
    connection.adapters.register_dumper(TimeBeyond, TimeDumper)
