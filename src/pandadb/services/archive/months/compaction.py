"""Months of days become months of one partition: a table with thousands of them plans slowly.

A month of a table is one transaction. Its days are locked against writers, since nothing may change
after it was copied; readers are held up only by the exchange at the end. Who is killed leaves
nothing behind: months that are done stay so, the next run goes on with the others.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pandadb.core.archive import proofs
from pandadb.core.archive.deferrals import Deferral, Reason
from pandadb.core.archive.layout import LIVE_OF
from pandadb.core.archive.months import Month
from pandadb.core.archive.transfer import compaction, month_drop
from pandadb.core.partitions import catalog
from pandadb.core.partitions.intervals import Span, Unit
from pandadb.errors import Outcome
from pandadb.services.archive import patience, pauses
from pandadb.services.archive.months.drop_exported import WRITERS
from pandadb.services.archive.pandaid_index import note as note_ranges
from pandadb.services.archive.plans import refuse_strangers
from pandadb.services.archive.runs import TURN
from pandadb.services.archive.snapshot import be_slow
from pandadb.services.archive.swaps import PutOff
from pandadb.services.archive.throttle import Limits, Throttle
from pandadb.services.archive.verification import LATE
from pandadb.services.failures import isolated
from pandadb.services.grants import act_as_owner
from pandadb.services.locks import be_patient, turn
from pandadb.services.lockwaits import LockNotAvailable, or_contended
from pandadb.services.maintenance import noted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part
    from pandadb.database import Database
    from pandadb.services.failures import Failure


MONTH = Span(1, Unit.MONTH)


@dataclass(frozen=True)
class Days:
    """A month of a table that has several partitions."""

    table: str
    month: str
    partitions: int
    put_off: str | None = None
    """Why it stays as it is; None if nothing is known against it."""
    reason: Reason | None = None
    """The code of that."""


@dataclass
class Compacted:
    """What was done, and what was not."""

    done: dict[str, int] = field(default_factory=dict)
    """Rows of each new partition."""
    put_off: list[Days] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    """Months of tables that an error has ended while the others went on."""
    busy: bool = False
    """Whether a run of the archiver was at work; then nothing was done."""
    paused: str | None = None
    """Who has paused the archiver, if that is why nothing was done."""

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
        """Return why not more was done, in a sentence; None if there is nothing to say."""
        failed = [f"{one.unit}: {one.why}" for one in self.failed]
        stay = [f"{one.month} of {one.table}: {one.put_off}" for one in self.put_off]
        return next(filter(None, [*failed, self.paused, *stay]), None)


def compactable(database: Database, before: str | None = None) -> list[Days]:
    """Return the months of several partitions that ended before another begins, oldest first.

    Without `before` they are those that ended 90 days ago: servers update jobs for so long.

    Raises:
        InvalidMonth: That is no month.
    """
    with database.session() as session:
        now = catalog.now(session)
        end = min(Month.of(before).lower, now) if before else now - LATE
        there = catalog.partitions(session, LIVE_OF)
    found = []
    for table, ones in there.items():
        ranges = {MONTH.range_of(one.lower) for one in ones if one.lower is not None}
        for month in (Month(*limits) for limits in sorted(filter(None, ranges))):
            days = [one for one in ones if month.has(one)]
            if month.upper <= end and len(days) > 1:
                found.append(Days(table, str(month), len(days)))
    return sorted(found, key=lambda days: days.month)


def compact(
    database: Database,
    before: str | None = None,
    *,
    limits: Limits | None = None,
    tell: Callable[[Days], None] = lambda _: None,
    tell_wait: Callable[[str], None] = lambda _: None,
) -> Compacted:
    """Make one partition of the days of each month that ended before another begins.

    Nothing is dropped unless the new partition is counted to have what its days have. An error ends
    only the month of the table that it is of.

    Raises:
        InvalidMonth: That is no month.
        NotTheOwner: The user of the database may not move partitions.
    """
    throttle = Throttle(database, limits or Limits())
    refuse_strangers(database)
    with noted(database, "archive compact") as note, or_contended():
        compacted = Compacted(paused=pauses.paused(database))
        with nullcontext(False) if compacted.paused else turn(database, TURN) as ours:
            compacted.busy = not (ours or compacted.paused)
            for days in compactable(database, before) if ours else ():
                throttle.wait(tell_wait)
                tell(days)
                with isolated(compacted.failed, f"{days.month} of {days.table}"):
                    _take(database, days, compacted)
            compacted.failed += note_ranges(database) if ours else []
        note.outcome, note.why = compacted.outcome, compacted.why
    return compacted


def _take(database: Database, days: Days, compacted: Compacted) -> None:
    try:
        compacted.done |= _compact(database, days.table, Month.of(days.month))
    except PutOff as error:
        why = error.why
        compacted.put_off.append(replace(days, put_off=str(why), reason=why.reason))


def _compact(database: Database, table: str, month: Month) -> dict[str, int]:
    try:
        with database.session() as session:
            # What others have committed while we waited for a lock must be seen.
            session.connection(execution_options={"isolation_level": "READ COMMITTED"})
            act_as_owner(session.connection(), local=True)
            be_slow(session)
            be_patient(session, WRITERS)
            with or_contended(session.connection(), WRITERS):
                return _replace(session, table, month)
    except LockNotAvailable as why:
        raise PutOff(Deferral.of(Reason.LOCKS, words=why.words)) from None


def _replace(session: Session, table: str, month: Month) -> dict[str, int]:
    days = month_drop.leaving(session, month, [table])
    whole = compaction.whole_of(session, table, month)
    if wide := [one.name for _, one in days.beyond if not one.is_default]:
        raise PutOff(Deferral.of(Reason.WIDER, partition=wide[0]))
    if coming := _coming(session, whole, days.parts):
        raise PutOff(Deferral.of(Reason.NOT_ARCHIVED, partition=coming[0]))
    if catalog.is_taken(session, whole.schema, whole.name):
        raise PutOff(Deferral.of(Reason.TABLE_THERE, table=whole.name))
    counted = month_drop.count(session, month, days)
    if counted.beyond:
        others = ", ".join(counted.beyond)
        raise PutOff(Deferral.of(Reason.ROWS_ELSEWHERE, partitions=others))
    found = compaction.fill(session, whole, days.parts)
    if found != counted.tables[table]:
        raise PutOff(Deferral.of(Reason.MONTH_UNLIKE))
    for part, before in counted.parts.items():
        proofs.prove(session, part, proofs.COPY, before, before)
    proofs.prove(session, whole, proofs.COPY, counted.tables[table], found)
    patience.within(session, lambda: compaction.replace(session, whole, days.parts))
    return {whole.name: found.rows}


def _coming(session: Session, whole: Part, days: Sequence[Part]) -> list[str]:
    """Return the live partitions that would find their place taken, as that of a restored day.

    Those whose place is taken already stay where they are in any case.
    """
    live = catalog.partitions(session, [whole.target])[whole.target]
    return [
        one.name
        for one in live
        if one.overlaps(whole.lower, whole.upper)
        and not any(one.overlaps(day.lower, day.upper) for day in days)
    ]
