"""State of the archiver: days due, deferred or refused, and problems that need an operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from pandadb.core.archive import backpressure, holds, ledger, pauses, proofs
from pandadb.core.archive.deferrals import EXPECTED_REASONS, Reason
from pandadb.core.archive.layout import ENDED_JOBS, LIVE_OF
from pandadb.core.partitions import catalog
from pandadb.core.partitions.policies import POLICIES
from pandadb.services.archive.copies.copy_schedule import GRACE_PERIODS, GracePeriods, copy_states
from pandadb.services.archive.pauses import describe
from pandadb.services.archive.plans import in_default, plan
from pandadb.services.archive.report import NextStep
from pandadb.services.archive.verification import is_proof, known_proofs, range_of, ranged
from pandadb.services.maintenance import EXPECTED_INTERVAL, last_runs, went_wrong

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from pandadb.core.archive.layout import Day
    from pandadb.core.partitions.catalog import Partition
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.services.maintenance import LastRun

NONE = backpressure.Lag(0, hidden=False)
RUNS = ("archive run", "archive compact", "archive export", "archive import")
MINUTE = "%Y-%m-%d %H:%M"
PAUSE_WARNING_AGE = timedelta(1)
"""Age from which a pause without an end counts as forgotten."""


@dataclass(frozen=True)
class Archived:
    """The partitions of a table of the archive."""

    table: str
    partitions: int
    first: datetime | None
    last: datetime | None
    """Where the last partition ends."""
    unproven: int
    """Partitions without a proof, or with an unfinished one."""
    bytes: int


@dataclass(frozen=True)
class DeferredDay:
    """A day that is due, and stays for now."""

    day: datetime
    reason: Reason | None
    why: str


@dataclass(frozen=True)
class Status:
    """The status of the archiving."""

    due: int
    """Days that the next run takes."""
    put_off: int
    oldest: datetime | None
    """Where the oldest day begins that is due."""
    held: int
    """Tasks that are held."""
    archived: list[Archived]
    waiting: int = 0
    """Days that are copied to another database, and wait to be dropped here."""
    paused: str | None = None
    """The pause with author, time and reason; None if there is none."""
    lag: float = 0
    """Seconds since the oldest day became due that is not deferred; 0 if none is due."""
    replica_lag: backpressure.Lag = NONE
    deferred: list[DeferredDay] = field(default_factory=list)
    in_default: int = 0
    """Jobs that are due but never archived, as they are in a DEFAULT partition."""
    oldest_in_default: datetime | None = None
    """The day on which the first of them ended."""
    refused: list[str] = field(default_factory=list)
    """Partitions with a copy or swap that the ledger marks as not proven."""
    runs: list[LastRun] = field(default_factory=list)
    """The last run of each command of the archive that has run."""
    problems: list[str] = field(default_factory=list)
    """Problems for an operator, a sentence each."""


def status(
    database: Database,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    archive: Database | None = None,
    waits: GracePeriods = GRACE_PERIODS,
) -> Status:
    """Return the status of the archiving; with `archive`, of that to this other database."""
    days, waiting, since = _days(database, policies, archive, waits)
    due = [day for day in days if not day.put_off]
    stay = [day for day in days if day.put_off]
    archived = _archive(database, archive)
    runs = last_runs(database, *RUNS)
    with database.session() as session:
        now = catalog.now(session)
        pause = pauses.current(session)
        refused = sorted(ledger.refused(session))
        held = len(holds.held(session))
        replicas = backpressure.lag(session)
    lag = _lag(due, since, policies, now)
    strayed = in_default(database, policies)
    problems = [
        *_forgotten(pause.since if pause and pause.until is None else None, now),
        *(f"{day} is deferred: {day.put_off}" for day in stay if _needs_person(day)),
        *filter(None, [str(strayed)]),
        *(f"{name} is not in the archive as it was: pandadb archive verify" for name in refused),
        *(f"{one.table}: {one.unproven} partitions without proof"
          for one in archived if one.unproven),
        *_overdue(due, lag, runs, now),
    ]  # fmt: skip
    return Status(
        due=len(due),
        put_off=len(stay),
        oldest=due[0].lower if due else None,
        held=held,
        archived=archived,
        waiting=waiting,
        paused=describe(pause) if pause else None,
        lag=lag,
        replica_lag=replicas,
        deferred=[DeferredDay(day.lower, day.reason, str(day.put_off)) for day in stay],
        in_default=strayed.jobs,
        oldest_in_default=strayed.oldest,
        refused=refused,
        runs=runs,
        problems=problems,
    )


def _days(
    database: Database,
    policies: Mapping[str, Policy],
    archive: Database | None,
    waits: GracePeriods,
) -> tuple[list[Day], int, dict[datetime, datetime]]:
    """Return the days that are due or deferred, how many are copied and wait, and when waits end.

    The last is of days that are copied, and due to be dropped.
    """
    if not archive:
        return plan(database, policies, count=False), 0, {}
    standing = copy_states(database, policies, waits=waits, count=False)
    waiting = sum(one.until is not None and one.due is NextStep.WAIT for one in standing)
    days = [one.day for one in standing if one.due is not NextStep.WAIT or one.day.put_off]
    until = {one.day.lower: one.until for one in standing if one.due is NextStep.DROP and one.until}
    return days, waiting, until


def _archive(database: Database, archive: Database | None) -> list[Archived]:
    known = {key for key, proof in known_proofs(database, archive).items() if is_proof(proof)}
    with (archive or database).session() as session:
        there = catalog.partitions(session, LIVE_OF)
    return [_archived(table, there[table], known) for table in LIVE_OF]


def _archived(
    table: str, partitions: Collection[Partition], known: Collection[proofs.Range]
) -> Archived:
    ranges = {range_of(table, one): one for one in ranged(partitions)}
    return Archived(
        table,
        len(ranges),
        min((lower for _, lower, _ in ranges), default=None),
        max((upper for _, _, upper in ranges), default=None),
        sum(key not in known for key in ranges),
        sum(one.bytes for one in partitions),
    )


def _needs_person(day: Day) -> bool:
    """Return whether a deferral needs an operator: it is neither requested nor a lock."""
    return day.failed or (day.reason is not None and day.reason not in EXPECTED_REASONS)


def _lag(
    due: Sequence[Day],
    since: Mapping[datetime, datetime],
    policies: Mapping[str, Policy],
    now: datetime,
) -> float:
    """Return the seconds since the first of the days became due, to go or to be dropped."""
    retention = policies[ENDED_JOBS].retention
    if retention is None:
        return 0
    horizon = retention.before(now)
    waited = (now - since[day.lower] if day.lower in since else horizon - day.upper for day in due)
    return max([0.0, *(one.total_seconds() for one in waited)])


def _forgotten(since: datetime | None, now: datetime) -> Iterator[str]:
    if since and now - since > PAUSE_WARNING_AGE:
        yield f"The archive is paused without an end since {since:{MINUTE}}: pandadb archive resume"


def _overdue(
    due: Sequence[Day], lag: float, runs: Sequence[LastRun], now: datetime
) -> Iterator[str]:
    yield from went_wrong(run for run in runs if run.command == RUNS[0])
    good = next((run.good_at for run in runs if run.command == RUNS[0]), None)
    if lag > EXPECTED_INTERVAL.total_seconds() and (good is None or now - good > EXPECTED_INTERVAL):
        last = f"the last good run was at {good:{MINUTE}}" if good else "no run has ended well"
        first = due[0].lower
        yield f"{len(due)} days are due, the first {first:%Y-%m-%d}; {last}: pandadb archive run"
