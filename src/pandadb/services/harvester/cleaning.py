"""Cleaning: workers, messages, metrics and commands that are older than they are kept, for cron.

Idempotent, safe to run concurrently, crash-safe: each batch is a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.harvester import windows
from pandadb.core.partitions.policies import POLICIES
from pandadb.errors import Outcome
from pandadb.services import partitions
from pandadb.services.maintenance import noted
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandadb.core.harvester.windows import Window
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database

COMMAND = "harvester clean"
BATCH = 10_000
"""Rows in one transaction."""


@dataclass
class Cleaned:
    """The result of a run."""

    dropped: list[str] = field(default_factory=list)
    """Partitions dropped as a whole."""
    deleted: dict[str, int] = field(default_factory=dict)
    """Rows deleted from tables; in a dry run with the rows of these partitions."""
    contended: list[str] = field(default_factory=list)
    """Partitions or tables whose locks were not free: the next run takes them up."""

    @property
    def outcome(self) -> Outcome:
        """Return the outcome of the run."""
        if self.dropped or self.deleted:
            return Outcome.DONE
        return Outcome.CONTENDED if self.contended else Outcome.NOTHING


def clean(
    database: Database,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    report: Callable[[str, int], None] = lambda _name, _rows: None,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> Cleaned:
    """Drop partitions of Harvester's tables past their retention, then delete older rows elsewhere.

    A dry run returns the rows that would go. `report` is called with a table and the rows of each
    batch.
    """
    if options.dry_run:
        return _planned(database, policies, options)
    done = Cleaned()
    with noted(database, COMMAND) as note:
        kept = partitions.maintain(database, policies, tables=windows.PARTITIONED, command=COMMAND)
        done.dropped = [one.partition for one in kept.done if one.do is partitions.Do.DROP]
        done.contended = [*kept.contended, *(windows.PARTITIONED if kept.busy else ())]
        for window in _windows(database, policies, options):
            if deleted := _delete(database, window, report, options):
                done.deleted[window.name] = deleted
        note.outcome = done.outcome
        if kept.failed:
            note.outcome, note.why = Outcome.WRONG, f"{kept.failed[0].unit}: {kept.failed[0].why}"
    return done


def _windows(
    database: Database, policies: Mapping[str, Policy], options: VerbOptions
) -> list[Window]:
    with transaction(database, options) as connection:
        return [*windows.windows(connection, policies)]


def _delete(
    database: Database,
    window: Window,
    report: Callable[[str, int], None],
    options: VerbOptions,
) -> int:
    total = 0
    while True:
        with transaction(database, options) as connection:
            deleted = windows.delete_some(connection, window, BATCH)
        if not deleted:
            return total
        total += deleted
        report(window.name, deleted)


def _planned(database: Database, policies: Mapping[str, Policy], options: VerbOptions) -> Cleaned:
    steps = partitions.plan(database, policies, tables=windows.PARTITIONED)
    done = Cleaned([one.partition for one in steps if one.do is partitions.Do.DROP])
    with transaction(database, options) as connection:
        for window in windows.windows(connection, policies):
            if old := windows.count_old(connection, window):
                done.deleted[window.name] = old
    return done
