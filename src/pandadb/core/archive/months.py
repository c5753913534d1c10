"""Months of the archive: their ranges, fingerprints, and the partitions inside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from psycopg import sql
from typing_extensions import override

from pandadb.core.archive.checksums import Fingerprint, fingerprint_of
from pandadb.core.partitions.intervals import Span, Unit
from pandadb.core.sql.table_columns import column_names, named
from pandadb.core.sql.time_range import TimeRange
from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.core.partitions.catalog import Partition

UPDATED_FOR = timedelta(90)
"""Age up to which a server still updates the row of a job in the archive."""


class InvalidMonth(InvalidInput):
    """A text that is no month."""


@dataclass(frozen=True)
class Month(TimeRange):
    """A month, from its first moment to that of the next one (naive UTC)."""

    lower: datetime
    upper: datetime

    @classmethod
    def of(cls, said: str) -> Month:
        """Return the month that a text means, such as `2026-09`.

        Raises:
            InvalidMonth: It means none.
        """
        if re.fullmatch(r"(19[7-9]|[2-9]\d\d)\d-\d\d", said, re.ASCII):
            try:
                lower = datetime.fromisoformat(f"{said}-01")
                return cls(lower, Span(1, Unit.MONTH).after(lower))
            except ValueError:
                pass
        raise InvalidMonth(f"{said!r} is no month: write it as 2026-09")

    @override
    def __str__(self) -> str:
        """Return the text that means it."""
        return f"{self.lower.year:04}-{self.lower.month:02}"

    def has(self, partition: Partition) -> bool:
        """Return whether a partition is within this month."""
        lower, upper = partition.lower, partition.upper
        if not isinstance(lower, datetime) or not isinstance(upper, datetime):
            return False
        return self.lower <= lower and upper <= self.upper


def rows_of(session: Session, table: str, times: TimeRange) -> sql.Composed:
    """Return the FROM item and WHERE clause of the rows of some time, in whatever partition."""
    return sql.SQL("{} WHERE {}").format(named(session, table), times.condition())


def fingerprint_of_month(session: Session, table: str, month: Month) -> Fingerprint:
    """Return the fingerprint of a month in a table, over all columns that the database has."""
    names = column_names(session, named(session, table))
    return fingerprint_of(session, names, rows_of(session, table, month))
