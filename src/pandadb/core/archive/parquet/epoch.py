"""Times as numbers: microseconds since 1970, since Python's own end with the year 9999.

Parquet has no infinity; the greatest number stands for it, as DuckDB has it. PostgreSQL's times go
seven centuries further than such numbers: from 294247-01-10 on they fit into no Parquet file.
"""

from __future__ import annotations

from datetime import date, timedelta
from struct import unpack
from typing import TYPE_CHECKING

from psycopg.adapt import Loader
from psycopg.pq import Format
from typing_extensions import override

if TYPE_CHECKING:
    from psycopg.abc import Buffer

INFINITY = 2**63 - 1
YEAR_2000 = 946_684_800_000_000
"""From where PostgreSQL counts."""
FIRST, LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The years 1 to 9999, which all libraries can write."""
MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
CYCLE, YEARS = 146_097, 400
"""So many days has the calendar's cycle of so many years."""


class Microseconds(Loader):
    """Reads a timestamp as a number of microseconds since 1970."""

    format = Format.BINARY

    @override
    def load(self, data: Buffer) -> int:
        """Return the number; infinite times are plus or minus INFINITY."""
        since_2000: int = unpack("!q", data)[0]
        if since_2000 == INFINITY:
            return INFINITY
        return -INFINITY if since_2000 == -INFINITY - 1 else since_2000 + YEAR_2000


def written(microseconds: int) -> str:
    """Return such a number as PostgreSQL reads a timestamp, with any year, before Christ too."""
    if abs(microseconds) == INFINITY:
        return "infinity" if microseconds > 0 else "-infinity"
    days, rest = divmod(microseconds, DAY)
    cycles, days = divmod(days, CYCLE)
    day = date(1970, 1, 1) + timedelta(days)
    year = day.year + cycles * YEARS
    seconds, fraction = divmod(rest, MICROSECONDS)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:06}"
    said = f"{year if year > 0 else 1 - year:04}-{day:%m-%d} {clock}"
    return said if year > 0 else f"{said} BC"
