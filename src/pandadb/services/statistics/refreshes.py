"""Refresh of statistics, for cron: each table in a transaction of its own.

Any number of runs is safe at once: a table that another session refreshes is left to that.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from pandadb.core.sql.transaction import LOCK_NOT_AVAILABLE
from pandadb.core.statistics import refreshes
from pandadb.core.statistics.catalog import chosen
from pandadb.errors import Outcome, sqlstate
from pandadb.models.types import UTC_NOW
from pandadb.services.failures import isolated
from pandadb.services.maintenance import Note, noted
from pandadb.services.schema import refuse_other_names, refuse_unstamped
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandadb.core.statistics.catalog import StatisticsTable
    from pandadb.core.statistics.refreshes import Refresh
    from pandadb.database import Database
    from pandadb.services.failures import Failure

COMMAND = "stats refresh"


@dataclass
class Refreshed:
    """The result of a run; a dry run has what would have been."""

    done: list[Refresh] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    """Tables that another session was refreshing, or had locked; they have their old rows."""
    not_due: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """Return the outcome of the run."""
        if self.failed:
            return Outcome.WRONG
        if self.busy:
            return Outcome.CONTENDED
        return Outcome.DONE if self.done else Outcome.NOTHING


def refresh(
    database: Database,
    names: Sequence[str] = (),
    *,
    due: bool = False,
    options: VerbOptions = DEFAULT_OPTIONS,
    tell: Callable[[str], None] = lambda _: None,
) -> Refreshed:
    """Refresh the tables of names, or all: counts are those of a moment after the call.

    Without names a table that only grows, WORKER_NODE_METRICS, is left alone until its next day
    is due; with `due` the others are, too. An error ends the refresh of its table only. `tell` is
    called with the name of each table before its refresh.

    Raises:
        UnknownStatistics: One of the names is none of a table of statistics.
        MigrationError: The schemas have other names than the procedures know.
        NotStamped: The database has tables of PanDA that pandadb did not create.
    """
    tables, done = chosen(names), Refreshed()
    refuse_other_names(database)
    refuse_unstamped(database)
    with nullcontext(Note()) if options.dry_run else noted(database, COMMAND) as note:
        wanted = tables if names and not due else _due(database, tables, due=due)
        done.not_due = [table.name for table in tables if table not in wanted]
        for table in wanted:
            tell(table.name)
            with isolated(done.failed, table.name):
                _refresh(database, table, options, done)
        note.outcome = done.outcome
        note.why = next((f"{one.unit}: {one.why}" for one in done.failed), None)
    return done


def _due(
    database: Database, tables: Sequence[StatisticsTable], *, due: bool
) -> list[StatisticsTable]:
    with database.transaction() as connection:
        last = refreshes.last_refreshes(connection)
        now = connection.scalars(select(UTC_NOW)).one()
    times = {name: run.refreshed_at for name, run in last.items()}
    return [
        table
        for table in tables
        if table.is_due(times.get(table.name), now) or not (due or table.appended)
    ]


def _refresh(
    database: Database, table: StatisticsTable, options: VerbOptions, done: Refreshed
) -> None:
    """Refresh a table in its transaction, unless a lock is not free."""
    try:
        with transaction(database, options) as connection:
            found = refreshes.refresh(connection, table)
    except DBAPIError as error:
        if sqlstate(error) != LOCK_NOT_AVAILABLE:
            raise
        found = None
    if found is None:
        done.busy.append(table.name)
    else:
        done.done.append(found)
