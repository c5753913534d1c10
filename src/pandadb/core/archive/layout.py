"""Days of jobs with their satellites: which partitions are moved together, and their tables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pandadb.core.archive.deferrals import Deferral, Reason
from pandadb.core.sql.time_range import TimeRange
from pandadb.models.jobs.all_tables import ARCHIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date

    from pandadb.core.partitions.catalog import Partition

ARCHIVE_OF = {
    str(live.__table__): str(archive.__table__) for live, archive in ARCHIVE_TABLES.items()
}
"""The archive table of each live one, in the order in which they are locked."""
LIVE_OF = {archive: live for live, archive in ARCHIVE_OF.items()}
ENDED_JOBS, ARCHIVED_JOBS = next(iter(ARCHIVE_OF.items()))
"""The tables of the jobs themselves."""


@dataclass(frozen=True)
class Part(TimeRange):
    """The partition of one table, and the table that it goes to; names of tables as in models."""

    lower: datetime
    upper: datetime
    source: str
    target: str
    schema: str
    """Where the partition is."""
    name: str
    rows: int = field(default=0, compare=False)
    """As the last ANALYZE has found them, or counted where there was none."""
    bytes: int = 0

    @property
    def new_name(self) -> str:
        """Return its name after the transfer: that of the other table, with the same suffix."""
        table = self.source.partition(".")[2]
        return f"{self.target.partition('.')[2]}_{self.name.removeprefix(f'{table}_')}"

    @property
    def live(self) -> str:
        """Return the live one of the two tables."""
        return self.source if self.source in ARCHIVE_OF else self.target

    @property
    def live_name(self) -> str:
        """Return the name that the partition has as one of the live table."""
        return self.name if self.live == self.source else self.new_name

    def back(self, schema: str) -> Part:
        """Return the same partition for the way back, after its transfer to that schema."""
        return Part(self.lower, self.upper, self.target, self.source, schema, self.new_name)


def part_of(source: str, one: Partition) -> Part:
    """Return a partition, which has both limits, as one that goes to the other side."""
    lower: Any = one.lower
    upper: Any = one.upper
    target = (ARCHIVE_OF | LIVE_OF)[source]
    return Part(lower, upper, source, target, one.schema, one.name, one.rows, one.bytes)


@dataclass(frozen=True)
class Day(TimeRange):
    """Partitions that are moved together: those of a day, or of the range of the widest one."""

    lower: datetime
    upper: datetime
    parts: tuple[Part, ...]
    """At most one of a table if all are of a day; a day without metadata has none of METATABLE."""
    put_off: str | None = None
    """Why it is deferred; None if it is not."""
    reason: Reason | None = None
    """The code of the deferral."""
    failed: bool = False
    """Whether the reason is an error, which an operator has to investigate."""
    by_rows: bool = False
    """Whether its rows go to partitions that are there, instead of the partitions themselves."""

    @property
    def deferral(self) -> Deferral | None:
        """Return why it is deferred; None if it is not."""
        return Deferral(self.reason, self.put_off) if self.reason and self.put_off else None

    def deferred(self, why: Deferral | None) -> Day:
        """Return the day as deferred for a reason; unchanged for None."""
        return replace(self, put_off=str(why), reason=why.reason) if why else self

    @property
    def jobs(self) -> tuple[Part, ...]:
        """Return the partitions of the jobs themselves."""
        return self.of(ENDED_JOBS)

    def has(self, date: date) -> bool:
        """Return whether a date is the day, or within it if it is a month."""
        first = self.lower.date()
        return date == first or first < date < self.upper.date()

    def of(self, live: str) -> tuple[Part, ...]:
        """Return the partitions of one of the tables, named as it is among the live ones."""
        return tuple(part for part in self.parts if part.live == live)


def days(
    existing: Mapping[str, Sequence[Partition]], ways: Mapping[str, str] = ARCHIVE_OF
) -> list[Day]:
    """Return the days of the partitions of tables, oldest first.

    Partitions that overlap belong to one day, even if it is a month. Those without a lower or an
    upper bound, and DEFAULT ones, belong to none.
    """
    parts = sorted(_parts(existing, ways), key=lambda part: (part.lower, part.upper))
    groups: list[list[Part]] = []
    for part in parts:
        if groups and part.lower < max(one.upper for one in groups[-1]):
            groups[-1].append(part)
        else:
            groups.append([part])
    order = [*ways]
    return [
        Day(
            group[0].lower,
            max(part.upper for part in group),
            tuple(sorted(group, key=lambda part: (order.index(part.source), part.lower))),
        )
        for group in groups
    ]


def _parts(existing: Mapping[str, Sequence[Partition]], ways: Mapping[str, str]) -> Iterator[Part]:
    for source in ways:
        for one in existing[source]:
            if isinstance(one.lower, datetime) and isinstance(one.upper, datetime):
                yield part_of(source, one)


def taken(day: Day, existing: Mapping[str, Sequence[Partition]]) -> Deferral | None:
    """Return a deferral if the range of a day is taken, so that only its rows can move."""
    for part in day.parts:
        for other in existing[part.target]:
            if other.overlaps(part.lower, part.upper):
                taken = Reason.PLACE_TAKEN
                return Deferral.of(taken, table=part.target, partition=other.name)
    return None


def strewn(day: Day, stray: Mapping[str, Collection[datetime]]) -> Deferral | None:
    """Return a deferral if a DEFAULT partition has rows of a day."""
    for part in day.parts:
        if any(moment in part for moment in stray[part.target]):
            return Deferral.of(Reason.ARCHIVE_DEFAULT, table=part.target)
    return None
