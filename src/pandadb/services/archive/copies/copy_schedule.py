"""The states of days that go to another database: to be copied, waiting, to be dropped here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pandadb.core.archive import ledger, proofs
from pandadb.core.archive.deferrals import Deferral, Reason
from pandadb.core.archive.row_counts import counted
from pandadb.core.partitions import catalog
from pandadb.core.partitions.policies import POLICIES
from pandadb.core.sql.validation import InvalidValue
from pandadb.services.archive.plans import due, held_tasks, unplanned
from pandadb.services.archive.report import CopyState, NextStep

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Day, Part
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.models import ArchiveProof

MOST_DAYS = 36_500


@dataclass(frozen=True)
class GracePeriods:
    """How long a partition stays after its copy was proven."""

    jobs: timedelta = timedelta(2)
    """Of jobs, parameters and metadata."""
    files: timedelta = timedelta(30)

    @classmethod
    def of_days(cls, jobs: float, files: float) -> GracePeriods:
        """Return them from numbers of days.

        Raises:
            InvalidValue: One is no number of days, or the calendar has no room for it.
        """
        return cls(_days("jobs", jobs), _days("files", files))

    def of(self, part: Part) -> timedelta:
        """Return the grace period of a partition."""
        return self.files if part.source == "doma_panda.filestable4" else self.jobs


def _days(name: str, days: float) -> timedelta:
    if not 0 <= days <= MOST_DAYS:  # nor is NaN
        raise InvalidValue(f"{name} have to wait from 0 to {MOST_DAYS} days, not {days}")
    return timedelta(days)


GRACE_PERIODS = GracePeriods()


def copy_states(
    database: Database,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    only: Collection[date] = (),
    waits: GracePeriods = GRACE_PERIODS,
    of: date | None = None,
    count: bool = True,
) -> list[CopyState]:
    """Return the states of the days that are old enough, oldest first.

    With `only` other days are left out, and these go also if they had been restored; with `of`
    other days are left out, and nothing else is different. Rows of partitions without statistics
    are 0 unless they are to be counted.
    """
    with database.session() as session:
        books = _Books(proofs.newest(session), ledger.gone(session), catalog.now(session), waits)
        return [
            standing
            for day in due(session, policies, only)
            if of is None or day.has(of)
            for standing in _settle(session, day, books, count=count)
        ]


def _settle(session: Session, day: Day, books: _Books, *, count: bool) -> list[CopyState]:
    found: list[CopyState] = []

    def look() -> None:
        found.extend(_stand(session, counted(session, day) if count else day, books))

    failing = unplanned(session, day, look)
    return [CopyState(failing, NextStep.WAIT)] if failing else found


@dataclass(frozen=True)
class _Books:
    """The proofs and the ledger, as of now."""

    newest: Mapping[proofs.Range, ArchiveProof]
    gone: set[proofs.Key]
    now: datetime
    waits: GracePeriods

    def of(self, part: Part) -> ArchiveProof | None:
        return self.newest.get(proofs.range_of(part))

    def copied(self, part: Part) -> datetime | None:
        """Return when a copy of a partition was proven; None if it was not."""
        proof = self.of(part)
        if proof is None or proof.how != proofs.COPY:
            return None
        return proof.proved_at if proofs.target_of(proof) == proofs.source_of(proof) else None

    def against(self, part: Part) -> Deferral | None:
        """Return why a partition must not be copied; None if it may."""
        if ledger.is_among(part, self.gone):
            return Deferral.of(Reason.LATE, partition=part.name)
        proof = self.of(part)
        is_swapped = proof is not None and proof.how == proofs.SWAP
        return Deferral.of(Reason.SWAPPED, partition=part.name) if is_swapped else None


def _stand(session: Session, day: Day, books: _Books) -> Iterator[CopyState]:
    stay = {part: why for part in day.parts if (why := books.against(part))}
    if stay and not day.put_off:
        parts = tuple(stay)
        yield CopyState(
            replace(day, parts=parts).deferred(next(iter(stay.values()))), NextStep.WAIT
        )
        day = replace(day, parts=tuple(part for part in day.parts if part not in stay))
    if not day.parts:
        return
    if why := day.deferral or held_tasks(session, day):
        yield CopyState(day.deferred(why), NextStep.WAIT)
        return
    copied = {part: books.copied(part) for part in day.parts}
    if parts := tuple(part for part, when in copied.items() if when is None):
        is_new = not stay and not any(map(books.of, day.parts))
        yield CopyState(day, NextStep.COPY, parts, is_new=is_new)
        return
    # A day waits as a whole, since the last of its copies: else jobs would be without parameters.
    since = max(when for when in copied.values() if when is not None)
    until = {part: since + books.waits.of(part) for part in day.parts}
    ready = tuple(part for part, when in until.items() if when <= books.now)
    yield CopyState(day, NextStep.DROP if ready else NextStep.WAIT, ready, min(until.values()))
