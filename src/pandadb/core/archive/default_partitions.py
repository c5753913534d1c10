"""Jobs in DEFAULT partitions of the live tables: no run takes them to the archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql
from typing_extensions import override

from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.core.partitions import catalog
from pandadb.core.partitions.policies import Then

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pandadb.core.partitions.catalog import Partition
    from pandadb.core.partitions.policies import Policy
    from pandadb.core.sql.time_range import TimeRange

DRAIN = "pandadb partitions maintain --drain"
# Rows of live jobs are at 1970-01-01; no partition can have times before the year 1.
ROWS = (
    "SELECT pandaid, modificationtime FROM {default} WHERE modificationtime >= '0001-01-01'"
    " AND modificationtime < {end} AND modificationtime <> '1970-01-01'"
)
JOBS = (
    "SELECT count(DISTINCT pandaid), date_trunc('day', min(modificationtime)) FROM ({rows}) AS rows"
)


@dataclass(frozen=True)
class InDefault:
    """Jobs that are old enough for the archive, but have rows in a DEFAULT partition."""

    jobs: int = 0
    oldest: datetime | None = None
    """The day on which the first of them ended."""

    @override
    def __str__(self) -> str:
        """Return a sentence with the remedy; an empty string if there are none."""
        if not (self.jobs and self.oldest):
            return ""
        return (
            f"Jobs that are due but have rows in DEFAULT partitions, from where no run takes them: "
            f"{self.jobs:,}, the oldest of {self.oldest.date()}. {DRAIN} moves them to their day"
        )


def overdue(session: Session, policies: Mapping[str, Policy], now: datetime) -> InDefault:
    """Return the jobs that are due but have rows in DEFAULT partitions; `now` is naive UTC.

    Files, parameters and metadata count as their jobs do.
    """
    parts = []
    for table, ones in catalog.partitions(session, ARCHIVE_OF).items():
        if end := _end(policies[table], now):
            parts += [_rows(one, end) for one in ones if one.is_default]
    if not parts:
        return InDefault()
    query = sql.SQL(JOBS).format(rows=sql.SQL(" UNION ALL ").join(parts))
    return InDefault(*session.connection().exec_driver_sql(query.as_string()).one())


def _end(policy: Policy, now: datetime) -> datetime | None:
    """Return the end of the newest range that is due; None if none is ever due."""
    if policy.retention is None or policy.then is not Then.ARCHIVE:
        return None
    end: datetime = policy.interval.start(policy.retention.before(now))
    return end


def _rows(default: Partition, end: datetime) -> sql.Composed:
    name = sql.Identifier(default.schema, default.name)
    return sql.SQL(ROWS).format(default=name, end=sql.Literal(str(end)))


def of_day(session: Session, partitions: Sequence[Partition], times: TimeRange) -> dict[str, int]:
    """Return the number of rows of a day in each DEFAULT partition that has any."""
    found = {}
    for one in (one for one in partitions if one.is_default):
        place = sql.Identifier(one.schema, one.name)
        query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(place, times.condition())
        if rows := session.connection().exec_driver_sql(query.as_string()).scalar_one():
            found[one.name] = int(rows)
    return found
