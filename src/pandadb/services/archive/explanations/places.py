"""Places of rows: partitions here and in another database, and exported months."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from pandadb.core.archive import default_partitions
from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF
from pandadb.core.archive.months import Month
from pandadb.core.archive.row_counts import rows_within
from pandadb.core.partitions import catalog
from pandadb.core.sql.time_range import TimeRange
from pandadb.services.archive.months.export_check import exported_months
from pandadb.services.failures import is_of_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from pandadb.core.partitions.catalog import Partition

Seen = TypeVar("Seen")
WORDS = {
    "live": "table {table}, of jobs that have not ended",
    "waiting": "table {table}, of jobs that wait for their inputs",
    "ended": "partition {partition} of {table}",
    "default": "the DEFAULT partition of {table}, {partition}",
    "archive": "the archive, in partition {partition} of {table}",
    "month": "the archive, in {partition}, a partition of {table} for more than a day",
    "export": "the exported month {partition} in {folder}",
}


class Kind(StrEnum):
    """The kind of a place."""

    LIVE = "live"
    """A table of jobs that have not ended."""
    WAITING = "waiting"
    ENDED = "ended"
    """A partition of ended jobs, or of their satellites."""
    DEFAULT = "default"
    ARCHIVE = "archive"
    MONTH = "month"
    """A partition of the archive for more than a day, such as a compacted month."""
    EXPORT = "export"
    """A month of Parquet files."""


@dataclass(frozen=True)
class ExplainedPlace:
    """Where rows are."""

    kind: Kind
    table: str
    """Without its schema; `parquet` of an export."""
    partition: str | None = None
    """Its name, or that of the exported month."""
    lower: datetime | None = None
    upper: datetime | None = None
    """Exclusive."""
    rows: int | None = None
    """From the last ANALYZE, or counted where there was none; of a DEFAULT partition, those of the
    day. None if unknown, as of an export."""
    is_other: bool = False
    """Whether it is in the other database, the archive of PANDADB_ARCHIVE_URL."""
    folder: Path | None = None

    @override
    def __str__(self) -> str:
        """Return it in words."""
        words = {"table": self.table, "partition": self.partition, "folder": self.folder}
        other = ", of the database of PANDADB_ARCHIVE_URL" if self.is_other else ""
        return WORDS[self.kind].format(**words) + other


def of_time(
    session: Session, lower: datetime, upper: datetime, *, is_other: bool = False
) -> list[ExplainedPlace]:
    """Return the partitions of live tables and archive that overlap a range of time."""
    tables = [*LIVE_OF] if is_other else [*ARCHIVE_OF, *LIVE_OF]
    there = catalog.partitions(session, tables)
    return [
        replace(place, is_other=is_other)
        for table, ones in there.items()
        for place in _of_time(session, table, ones, (lower, upper))
    ]


def _of_time(
    session: Session, table: str, ones: Sequence[Partition], limits: tuple[datetime, datetime]
) -> Iterator[ExplainedPlace]:
    for one in ones:
        if one.overlaps(*limits):
            yield place_of(table, one, one.rows or _counted(session, table, one))
    for partition, rows in default_partitions.of_day(session, ones, TimeRange(*limits)).items():
        yield ExplainedPlace(Kind.DEFAULT, table.partition(".")[2], partition, rows=rows)


def _counted(session: Session, table: str, one: Partition) -> int | None:
    lower, upper = one.lower, one.upper
    if not isinstance(lower, datetime) or not isinstance(upper, datetime):
        return None
    return if_readable(session, lambda: rows_within(session, table, TimeRange(lower, upper)))


def if_readable(session: Session, look: Callable[[], Seen]) -> Seen | None:
    """Return the result of a query; None on an error of the database or a lock timeout.

    Raises:
        DBAPIError: The connection is lost.
    """
    try:
        with session.begin_nested():
            return look()
    except DBAPIError as error:
        if is_of_all(error):
            raise
        return None


def place_of(
    table: str, one: Partition, rows: int | None = None, *, is_other: bool = False
) -> ExplainedPlace:
    """Return a partition of a table as a place."""
    lower = one.lower if isinstance(one.lower, datetime) else None
    upper = one.upper if isinstance(one.upper, datetime) else None
    kind = Kind.DEFAULT if one.is_default else Kind.ENDED
    if table in LIVE_OF and not one.is_default:
        is_long = not (lower and upper) or upper - lower > timedelta(1)
        kind = Kind.MONTH if is_long else Kind.ARCHIVE
    name = table.partition(".")[2]
    return ExplainedPlace(kind, name, one.name, lower, upper, rows, is_other=is_other)


def exports_of(folder: Path | None, moment: datetime) -> Iterator[ExplainedPlace]:
    """Yield the exported month that a moment is in, if there is one.

    Raises:
        NoExports: There is no such folder.
    """
    for name, path in exported_months(folder) if folder else ():
        if name == str(moment.date())[:7]:
            month = Month.of(name)
            yield ExplainedPlace(
                Kind.EXPORT, "parquet", name, month.lower, month.upper, folder=path
            )
