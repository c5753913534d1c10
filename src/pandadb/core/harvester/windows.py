"""How long rows of Harvester are kept: workers, messages, metrics and commands; semantics 5.7.

Partitions that are older than the retention of their policy are dropped as a whole. Rows are
deleted from DEFAULT partitions, and from tables without partitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select

from pandadb.core.partitions.catalog import now
from pandadb.models import (
    HarvesterCommands,
    HarvesterDialogs,
    HarvesterMetrics,
    HarvesterWorkers,
    HarvesterWorkerTime,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Column, Table

    from pandadb.core.partitions.policies import Policy
    from pandadb.core.sql.transaction import Transaction

PARTITIONED = ("harvester_workers", "harvester_dialogs", "harvester_metrics")
"""Tables with a policy."""
COMMANDS_KEPT = timedelta(days=30)
"""How long a command stays after its last change, carried out or not: an instance that comes back
must not carry out a command of a month ago."""


@dataclass(frozen=True)
class Window:
    """The rows of a table that are too old."""

    table: Table
    time: Column[Any]
    before: datetime
    """Rows of an earlier time are too old."""

    @property
    def name(self) -> str:
        """Return the name of the table."""
        return self.table.name


def windows(session: Transaction, policies: Mapping[str, Policy]) -> Iterator[Window]:
    """Yield the windows of tables, by the retention of their policies; none if all is kept."""
    today = now(session)
    models = (HarvesterWorkers, HarvesterDialogs, HarvesterMetrics)
    for model in models:
        table = model.__table__
        policy = policies[str(table)]
        if policy.retention is not None:
            before = policy.retention.before(today)
            yield Window(table, table.c[policy.key], before)
            if model is HarvesterWorkers:
                times = HarvesterWorkerTime.__table__
                yield Window(times, times.c.lastupdate, before)
    commands = HarvesterCommands.__table__
    yield Window(commands, commands.c.status_date, today - COMMANDS_KEPT)


def delete_some(session: Transaction, window: Window, most: int) -> int:
    """Delete the oldest rows that are too old, about so many at most; return their number.

    Rows of one time go together.
    """
    old = window.time < window.before
    last = select(window.time).where(old).order_by(window.time).offset(most - 1).limit(1)
    until = session.scalar(last)
    rows = delete(window.table).where(old if until is None else window.time <= until)
    return int(session.execute(rows).rowcount)  # type: ignore[attr-defined]


def count_old(session: Transaction, window: Window) -> int:
    """Return the number of rows that are too old."""
    rows = select(func.count()).select_from(window.table).where(window.time < window.before)
    return int(session.scalar(rows) or 0)
