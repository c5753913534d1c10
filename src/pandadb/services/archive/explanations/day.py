"""A day: its partitions, the date from which it is due, its deferrals, and its proofs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from pandadb.core.archive import layout, pauses, proofs
from pandadb.core.archive.deferrals import Deferral, Reason
from pandadb.core.archive.layout import ARCHIVE_OF, ENDED_JOBS
from pandadb.core.partitions import catalog
from pandadb.core.partitions.policies import POLICIES, Then
from pandadb.database import session_of
from pandadb.errors import InvalidInput
from pandadb.services.archive.copies.copy_schedule import GRACE_PERIODS, copy_states
from pandadb.services.archive.explanations import places
from pandadb.services.archive.explanations.places import Kind
from pandadb.services.archive.explanations.proofs import held, proofs_of
from pandadb.services.archive.pauses import describe
from pandadb.services.archive.plans import plan
from pandadb.services.archive.report import NextStep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.models import ArchiveProof
    from pandadb.services.archive.copies.copy_schedule import GracePeriods
    from pandadb.services.archive.explanations.places import ExplainedPlace
    from pandadb.services.archive.explanations.proofs import HeldTask, Proven
    from pandadb.services.archive.report import CopyState

DAY = timedelta(1)


class NextAction(StrEnum):
    """The action of the next run for a day."""

    SWAP = "swap"
    ROWS = "rows"
    """Its rows go to partitions that the archive has."""
    COPY = "copy"
    DROP = "drop"


@dataclass(frozen=True)
class ExplainedDay:
    """The explanation of a day."""

    day: date
    places: list[ExplainedPlace]
    """Partitions with rows of it, live ones first, and the exported month."""
    due_from: datetime | None = None
    """When it is old enough; None if the policies never send it to the archive."""
    next: NextAction | None = None
    """The action of the next run; None if there is none."""
    waits: list[Deferral] = field(default_factory=list)
    """Reasons for which it, or a part of it, stays in place."""
    proofs: list[Proven] = field(default_factory=list)
    holds: list[HeldTask] = field(default_factory=list)
    """Tasks that are held and have jobs of it."""


def explain_day(
    database: Database,
    day: date,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    archive: Database | None = None,
    exports: Path | None = None,
    waits: GracePeriods = GRACE_PERIODS,
) -> ExplainedDay:
    """Return the places of a day, its deferrals, and its proofs.

    It is also searched in `archive`, another database to which days are copied, and in `exports`, a
    folder of exported months. The search is read-only.

    Raises:
        DatabaseUnreachable: The other database does not answer.
        NoExports: There is no such folder.
        InvalidInput: The day is the last one that there is, which no other day follows.
    """
    if day == date.max:
        raise InvalidInput(f"{day} is the last day that a date can be: it has no end")
    lower = datetime.combine(day, datetime.min.time())
    next_, deferrals = _ahead(database, day, policies, archive, waits)
    with database.session() as session, session_of(archive) as other:
        there = places.of_time(session, lower, lower + DAY)
        proven = proofs_of(session, lower, lower + DAY)
        if other:
            there += places.of_time(other, lower, lower + DAY, is_other=True)
            proven += proofs_of(other, lower, lower + DAY, is_other=True)
        due_from = _due_from(session, lower, policies[ENDED_JOBS])
        live = [one for one in there if one.kind is Kind.ENDED and one.lower and one.upper]
        deferrals += _not_due(live, due_from) if not (next_ or deferrals) else ()
        deferrals += _in_default(there)
        if live and (pause := pauses.current(session)):
            deferrals.append(Deferral.of(Reason.PAUSED, pause=describe(pause)))
        there += places.exports_of(exports, lower)
        # a day that cannot be read has a deferral for that
        holds = places.if_readable(session, lambda: held(session, lower, lower + DAY))
    return ExplainedDay(day, there, due_from, next_, deferrals, proven, holds or [])


def _ahead(
    database: Database,
    day: date,
    policies: Mapping[str, Policy],
    archive: Database | None,
    waits: GracePeriods,
) -> tuple[NextAction | None, list[Deferral]]:
    """Return the action of the next run for a day that is due, and the deferrals."""
    if not archive:
        planned = plan(database, policies, of=day, count=False)
        going = (
            NextAction.ROWS if one.by_rows else NextAction.SWAP
            for one in planned
            if not one.put_off
        )
        return next(going, None), [one.deferral for one in planned if one.deferral]
    standing = copy_states(database, policies, waits=waits, of=day, count=False)
    going = (NextAction(one.due) for one in standing if one.due is not NextStep.WAIT)
    with database.session() as session:
        known = proofs.newest(session)
    return next(going, None), [why for one in standing for why in _copied(one, known)]


def _copied(one: CopyState, known: Mapping[proofs.Range, ArchiveProof]) -> Iterator[Deferral]:
    """Yield why a day that goes to another database stays, or is still here."""
    if one.day.deferral:
        yield one.day.deferral
        return
    copies = [known.get(proofs.range_of(part)) for part in one.day.parts]
    found = [proof for proof in copies if proof and proof.how == proofs.COPY]
    if one.until and one.due is not NextStep.WAIT:
        return
    if one.until:
        when, until = _minute(max(proof.proved_at for proof in found)), _minute(one.until)
        yield Deferral.of(Reason.COPIED, when=when, until=until)
        return
    for proof in found:
        target = proofs.target_of(proof)
        if target and target != proofs.source_of(proof):
            rows = {"source": proof.source_rows, "target": target.rows}
            name, when = proof.partition_name, _minute(proof.proved_at)
            yield Deferral.of(Reason.NOT_AS_COPIED, partition=name, when=when, **rows)


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _due_from(session: Session, lower: datetime, policy: Policy) -> datetime | None:
    """Return when a day is old enough: its partitions if it has live ones, else as wide as usual.

    None is never.
    """
    if policy.then is not Then.ARCHIVE or policy.retention is None:
        return None
    live = layout.days(catalog.partitions(session, ARCHIVE_OF))
    limits = policy.interval.range_of(lower)
    ends = [one.upper for one in live if one.has(lower.date())] or [*limits[1:]] if limits else []
    return policy.retention.later(ends[0]) if ends else None


def _not_due(live: list[ExplainedPlace], due_from: datetime | None) -> Iterator[Deferral]:
    if live and due_from:
        yield Deferral.of(Reason.NOT_DUE, since=due_from)
    elif live:
        yield Deferral.of(Reason.NO_POLICY, table=live[0].table)


def _in_default(there: Iterable[ExplainedPlace]) -> Iterator[Deferral]:
    live = {table.partition(".")[2] for table in ARCHIVE_OF}
    rows = [f"{one.partition} {one.rows:,}" for one in there
            if one.kind is Kind.DEFAULT and one.table in live]  # fmt: skip
    if rows:
        yield Deferral.of(Reason.IN_DEFAULT, partitions=", ".join(rows))
