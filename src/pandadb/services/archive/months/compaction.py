"""Months of days become months of one partition: a table with thousands of them plans slowly.

A month of a table is one transaction. Its days are locked against writers, since nothing may change
after it was copied; readers wait only for the exchange at the end. Crash-safe: an interrupted run
leaves the month as it was; months that are done stay so, the next run goes on with the others.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pandadb.core.archive import proofs
from pandadb.core.archive.deferrals import Deferral, Reason
from pandadb.core.archive.layout import LIVE_OF
from pandadb.core.archive.months import UPDATED_FOR, Month
from pandadb.core.archive.transfer import month_partitions, staging
from pandadb.core.partitions import catalog
from pandadb.core.partitions.intervals import Span, Unit
from pandadb.core.sql.table_columns import column_names, named
from pandadb.errors import Outcome
from pandadb.services.archive import pauses
from pandadb.services.archive.after_days.pandaid_index import note as note_ranges
from pandadb.services.archive.exchange import lock_month, prove_and_exchange
from pandadb.services.archive.plans import refuse_strangers
from pandadb.services.archive.report import Deferred
from pandadb.services.archive.run_lock import run_lock
from pandadb.services.archive.throttle import Limits, Throttle
from pandadb.services.archive.transactions import locking
from pandadb.services.failures import isolated
from pandadb.services.lockwaits import LockNotAvailable, or_contended
from pandadb.services.maintenance import noted

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part
    from pandadb.core.archive.transfer.month_partitions import MonthPartitions
    from pandadb.database import Database
    from pandadb.services.failures import Failure
    from pandadb.services.locks import LockPolicy

MONTH = Span(1, Unit.MONTH)


@dataclass(frozen=True)
class SplitMonth:
    """A month of a table of the archive, in several partitions."""

    table: str
    month: str
    partitions: int
    put_off: str | None = None
    """Why it stays as it is; None if nothing is known against it."""
    reason: Reason | None = None
    """The code of that."""


@dataclass
class CompactionResult:
    """The result of a compaction."""

    done: dict[str, int] = field(default_factory=dict)
    """Rows of each new partition."""
    put_off: list[SplitMonth] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    """Months of tables that an error has ended while the others went on."""
    busy: bool = False
    """Whether a run of the archiver was at work; then nothing was done."""
    paused: str | None = None
    """The pause that kept it from beginning, as a sentence."""

    @property
    def outcome(self) -> Outcome:
        """Return how the run has ended."""
        if self.failed:
            return Outcome.WRONG
        if self.paused:
            return Outcome.PAUSED
        if self.busy:
            return Outcome.CONTENDED
        if self.done:
            return Outcome.DONE
        if any(one.reason is Reason.LOCKS for one in self.put_off):
            return Outcome.CONTENDED
        return Outcome.DEFERRED if self.put_off else Outcome.NOTHING

    @property
    def why(self) -> str | None:
        """Return why not more was done, as a sentence; None if all was done."""
        failed = [f"{one.unit}: {one.why}" for one in self.failed]
        stay = [f"{one.month} of {one.table}: {one.put_off}" for one in self.put_off]
        return next(filter(None, [*failed, self.paused, *stay]), None)


def compactable(database: Database, before: str | None = None) -> list[SplitMonth]:
    """Return the months of several partitions that ended before another begins, oldest first.

    Without `before` they are those that ended 90 days ago: servers update jobs for so long.

    Raises:
        InvalidMonth: `before` is no month.
    """
    with database.session() as session:
        now = catalog.now(session)
        end = min(Month.of(before).lower, now) if before else now - UPDATED_FOR
        there = catalog.partitions(session, LIVE_OF)
    found = []
    for table, ones in there.items():
        ranges = {MONTH.range_of(one.lower) for one in ones if one.lower is not None}
        for month in (Month(*limits) for limits in sorted(filter(None, ranges))):
            days = [one for one in ones if month.has(one)]
            if month.upper <= end and len(days) > 1:
                found.append(SplitMonth(table, str(month), len(days)))
    return sorted(found, key=lambda days: days.month)


def compact(
    database: Database,
    before: str | None = None,
    *,
    limits: Limits | None = None,
    tell: Callable[[SplitMonth], None] = lambda _: None,
    tell_wait: Callable[[str], None] = lambda _: None,
) -> CompactionResult:
    """Make one partition of the days of each month that ended before another begins.

    Nothing is dropped unless the new partition is counted to have the rows of its days. An error
    ends only the month of the table that it is of.

    Raises:
        InvalidMonth: `before` is no month.
        NotTheOwner: The user of the database may not move partitions.
    """
    throttle = Throttle(database, limits or Limits())
    refuse_strangers(database)
    with noted(database, "archive compact") as note, or_contended():
        compacted = CompactionResult(paused=pauses.paused(database))
        with nullcontext(False) if compacted.paused else run_lock(database) as ours:
            compacted.busy = not (ours or compacted.paused)
            for days in compactable(database, before) if ours else ():
                throttle.wait(tell_wait)
                tell(days)
                with isolated(compacted.failed, f"{days.month} of {days.table}"):
                    _take(database, days, compacted, throttle.limits.locks)
            compacted.failed += note_ranges(database) if ours else []
        note.outcome, note.why = compacted.outcome, compacted.why
    return compacted


def _take(
    database: Database, days: SplitMonth, compacted: CompactionResult, locks: LockPolicy
) -> None:
    """Compact a month of a table, or enter the reason why it stays as it is."""
    try:
        with locking(database, locks.writers) as session:
            rows = _compact(session, days.table, Month.of(days.month), locks)
        compacted.done |= rows
    except LockNotAvailable as error:
        why = Deferral.of(Reason.LOCKS, words=error.words)
    except Deferred as error:
        why = error.why
    else:
        return
    compacted.put_off.append(replace(days, put_off=str(why), reason=why.reason))


def _compact(session: Session, table: str, month: Month, locks: LockPolicy) -> dict[str, int]:
    days = lock_month(session, month, locks, [table])
    whole = month_partitions.whole(session, table, month)
    if why := _obstacle(session, whole, days):
        raise Deferred(why)
    counted = month_partitions.count(session, month, days)
    if counted.beyond:
        others = ", ".join(counted.beyond)
        raise Deferred(Deferral.of(Reason.ROWS_ELSEWHERE, partitions=others))
    staging.insert(session, whole, days.parts)
    staging.build(session, whole)
    found = staging.count(session, whole, column_names(session, named(session, table)))
    if found != counted.tables[table]:
        raise Deferred(Deferral.of(Reason.MONTH_UNLIKE))
    prove_and_exchange(session, counted.parts, {whole: found}, proofs.COPY, locks)
    return {whole.new_name: found.rows}


def _obstacle(session: Session, whole: Part, days: MonthPartitions) -> Deferral | None:
    """Return why a month cannot become one partition, as far as that needs no count."""
    if wide := [one.name for _, one in days.beyond if not one.is_default]:
        return Deferral.of(Reason.WIDER, partition=wide[0])
    if coming := _coming(session, whole, days):
        return Deferral.of(Reason.NOT_ARCHIVED, partition=coming[0])
    if staging.is_name_taken(session, whole):
        return Deferral.of(Reason.TABLE_THERE, table=whole.new_name)
    return None


def _coming(session: Session, whole: Part, days: MonthPartitions) -> list[str]:
    """Return the live partitions that would find their place taken, such as a restored day.

    Partitions that have their place taken already stay where they are in any case.
    """
    live = catalog.partitions(session, [whole.source])[whole.source]
    return [
        one.name
        for one in live
        if one.overlaps(whole.lower, whole.upper)
        and not any(one.overlaps(day.lower, day.upper) for day in days.parts)
    ]
