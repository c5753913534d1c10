"""The age of statistics, and those that are overdue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.statistics.catalog import TABLES
from pandadb.core.statistics.refreshes import Refresh, last_refreshes
from pandadb.models.types import UTC_NOW
from pandadb.services.maintenance import last_runs, went_wrong
from pandadb.services.statistics.refreshes import COMMAND

if TYPE_CHECKING:
    from datetime import datetime

    from pandadb.core.statistics.catalog import StatisticsTable
    from pandadb.database import Database


@dataclass(frozen=True)
class TableStatus:
    """A table of statistics: its last refresh, its age, and how often it is due, in seconds."""

    last: Refresh
    age: float | None
    every: int


@dataclass(frozen=True)
class StatisticsStatus:
    """All tables of statistics, and problems in sentences."""

    tables: list[TableStatus]
    problems: list[str]


def status(database: Database) -> StatisticsStatus:
    """Return the last refresh of each table, by whichever scheduler, and those that are overdue."""
    with database.transaction() as connection:
        last = last_refreshes(connection)
        now = connection.scalars(select(UTC_NOW)).one()
    found = {table: last.get(table.name, Refresh(table.name)) for table in TABLES}
    overdue = [
        _sentence(run) for table, run in found.items() if table.is_overdue(run.refreshed_at, now)
    ]
    wrong = went_wrong(last_runs(database, COMMAND))
    return StatisticsStatus(
        [_status(table, run, now) for table, run in found.items()], [*overdue, *wrong]
    )


def _status(table: StatisticsTable, run: Refresh, now: datetime) -> TableStatus:
    age = None if run.refreshed_at is None else (now - run.refreshed_at).total_seconds()
    return TableStatus(run, age, int(table.every.total_seconds()))


def _sentence(run: Refresh) -> str:
    if run.refreshed_at is None:
        return f"{run.name} was never refreshed: pandadb stats refresh {run.name}"
    return (
        f"{run.name} was last refreshed at {run.refreshed_at:%Y-%m-%d %H:%M}: pandadb stats refresh"
    )
