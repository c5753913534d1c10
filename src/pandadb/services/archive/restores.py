"""Back from the archive: a day, or jobs by PandaID or task; jobs go by rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from pandadb.core.archive import ledger, proofs
from pandadb.core.archive.layout import ARCHIVE_OF, ARCHIVED_JOBS, LIVE_OF, days
from pandadb.core.archive.lookup import scan
from pandadb.core.archive.transfer.rows import TO_LIVE
from pandadb.core.partitions import catalog
from pandadb.core.partitions.intervals import Span, Unit
from pandadb.core.partitions.policies import POLICIES
from pandadb.core.sql.time_range import TimeRange
from pandadb.core.sql.validation import check_columns
from pandadb.models import JobsArchived
from pandadb.services.archive import swaps
from pandadb.services.archive.after_days.pandaid_index import note
from pandadb.services.archive.copies.copy_return import copy_back, returnable
from pandadb.services.archive.copies.day_copy import CopyRefused
from pandadb.services.archive.copies.remote import refuse_unfit
from pandadb.services.archive.months.export_location import by_month, located, or_exported
from pandadb.services.archive.pauses import refuse_paused
from pandadb.services.archive.plans import refuse_strangers, restorable
from pandadb.services.archive.report import Deferred, MovedDay, RowTransferResult, Step
from pandadb.services.archive.rows import row_batches
from pandadb.services.archive.rows.row_batches import RowTransfer
from pandadb.services.archive.run_lock import ArchiveBusy, NotRestored, only_run
from pandadb.services.archive.throttle import Limits, Throttle
from pandadb.services.failures import isolated
from pandadb.services.grants import act_as_owner
from pandadb.services.lockwaits import LockNotAvailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from pandadb.core.archive.layout import Day
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.services.archive.report import CopyStep
    from pandadb.services.failures import Failure

ANY_DAY = Span(1, Unit.DAY)
"""The range of jobs that have no partition in the archive but the DEFAULT one."""


@dataclass
class RestoreResult:
    """Jobs that were restored by rows, and jobs that were not."""

    gone: RowTransferResult = field(default_factory=RowTransferResult)
    live: dict[int, str] = field(default_factory=dict)
    """Jobs that are not in the archive but live already, each with its table."""
    unknown: list[int] = field(default_factory=list)
    """PandaIDs that no table has."""
    unknown_tasks: list[int] = field(default_factory=list)
    """Tasks without a job in any table."""
    exported: dict[str, list[int]] = field(default_factory=dict)
    """Jobs that no table has but an exported month, by month: it has to be imported before."""
    left: int = 0
    """Jobs for which there was no time, or of days that have failed."""
    failed: list[Failure] = field(default_factory=list)
    """Days, or other units of work, that failed while the others continued."""
    notes: list[str] = field(default_factory=list)
    paused: str | None = None
    """The pause that ended the run early, as a sentence."""


def restore(
    database: Database,
    day: date,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    limits: Limits | None = None,
    tell: Callable[[Step | CopyStep], None] = lambda _: None,
    archive: Database | None = None,
    exports: Path | None = None,
) -> MovedDay | RestoreResult:
    """Restore a day from the archive, by swapping its partitions back.

    If live tables have a partition of that time, its rows are moved there. From an `archive` that
    is another database the day is copied back, and its copy stays there. The ledger then excludes
    it from archiving until it is named to `run`. An error about a missing day names its exported
    month if `exports`, a folder of exported months, has it.

    Raises:
        ArchiveLost: The other database went away.
        InvalidArchive: The other database cannot be the archive.
        NoSuchDay: The archive has no such day.
        NotMoved: A table has other columns than the one that its partition goes to.
        NotRestored: Its place is taken; nothing was changed.
        ArchiveBusy: Locks were not free, or another run is at work; nothing was changed.
        NotTheOwner: The user of the database may not move partitions.
        Paused: The archiver is paused.
    """
    refuse_strangers(database)
    refuse_paused(database)
    if archive:
        refuse_unfit(database, archive)
    limits = limits or Limits()
    with only_run(database, archive):
        try:
            with or_exported(exports, day):
                if archive:
                    return copy_back(database, archive, day, tell, limits.locks)
                found = restorable(database, day)
            moved = _restore(database, found, policies, limits, tell)
        except LockNotAvailable as why:
            raise ArchiveBusy(f"The day {day} did not go back: {why.words}") from None
        except (Deferred, CopyRefused) as why:
            raise NotRestored(f"The day {day} cannot go back: {why}") from None
        note(database)
        return moved


def _restore(
    database: Database,
    day: Day,
    policies: Mapping[str, Policy],
    limits: Limits,
    tell: Callable[[Step], None],
) -> MovedDay | RestoreResult:
    if day.deferral:
        raise Deferred(day.deferral)
    if day.by_rows:
        return _restore_rows_of(database, day, policies, limits)
    return swaps.swap(database, day, proofs.RESTORE, tell, limits.locks)


def restorable_day(
    database: Database,
    day: date,
    archive: Database | None = None,
    exports: Path | None = None,
) -> Day:
    """Return a day that would come back, and its deferral if there is one; nothing is changed.

    Raises:
        ArchiveLost: The other database went away.
        NoSuchDay: The archive has no such day.
    """
    with or_exported(exports, day):
        return returnable(database, archive, day) if archive else restorable(database, day)


def _restore_rows_of(
    database: Database, day: Day, policies: Mapping[str, Policy], limits: Limits
) -> RestoreResult:
    failed: list[Failure] = []
    swaps.finish(database, failed)
    throttle = Throttle(database, limits)
    transfer = RowTransfer(database, TO_LIVE, policies, throttle, lambda *_: None)
    with isolated(failed, str(day)):  # jobs that came back before an error are reported
        row_batches.transfer_all(transfer, day)
    with database.session() as session:
        act_as_owner(session.connection(), local=True)
        for back in days(catalog.partitions(session, ARCHIVE_OF)):
            for part in back.parts:
                if part.overlaps(day):
                    ledger.enter(session, part, ledger.MUST_NOT)
    return RestoreResult(transfer.gone, failed=failed, notes=throttle.notes, paused=throttle.paused)


def restore_jobs(
    database: Database,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    pandaids: Collection[int] = (),
    tasks: Collection[int] = (),
    limits: Limits | None = None,
    tell: Callable[[int, int, str | None], None] = lambda *_: None,
    exports: Path | None = None,
) -> RestoreResult:
    """Take jobs back from the archive with all that belongs to them.

    Jobs that are already live are reported and skipped; jobs that are in both places, or twice in
    the archive, are rejected. An error ends only the day that it is of. `tell` is called with the
    number of jobs that are done, their total, and the reason of a wait. Jobs that only an exported
    month of the folder `exports` has are reported.

    Raises:
        InvalidManifest, UnreadableExport: An export cannot be read.
        InvalidValue: No job or task can have the number.
        ArchiveBusy: Another run is at work.
        NotTheOwner: The user of the database may not move partitions.
        ParquetMissing: A file can have a job, but the extra `parquet` is not installed.
        Paused: The archiver is paused.
    """
    refuse_strangers(database)
    refuse_paused(database)
    with only_run(database):
        restored, going = _look(database, pandaids, tasks, exports)
        swaps.finish(database, restored.failed)
        restored.gone.jobs = []
        throttle = Throttle(database, limits or Limits())
        transfer = RowTransfer(
            database, TO_LIVE, policies, throttle, lambda done, why: tell(done, len(going), why)
        )
        transfer.gone = restored.gone
        for times, jobs in by_day(database, going):
            with isolated(restored.failed, f"jobs of {times}"):
                row_batches.transfer_jobs(transfer, times, jobs)
    restored.left = len(going) - transfer.done
    restored.notes, restored.paused = throttle.notes, throttle.paused
    return restored


def preview(
    database: Database,
    *,
    pandaids: Collection[int] = (),
    tasks: Collection[int] = (),
    exports: Path | None = None,
) -> RestoreResult:
    """Return the jobs that would go back, of jobs and tasks; nothing is changed.

    Raises:
        InvalidManifest, UnreadableExport: An export cannot be read.
        InvalidValue: No job or task can have the number.
        ParquetMissing: A file can have a job, but the extra `parquet` is not installed.
    """
    return _look(database, pandaids, tasks, exports)[0]


def _look(
    database: Database,
    pandaids: Collection[int],
    tasks: Collection[int],
    exports: Path | None,
) -> tuple[RestoreResult, dict[int, datetime]]:
    """Return the jobs that would go back, and their times."""
    for column, numbers in (("pandaid", pandaids), ("jeditaskid", tasks)):
        for number in numbers:
            check_columns(JobsArchived, {column: number})
    there, live = _found(database, "pandaid", pandaids)
    seen = RestoreResult(unknown=sorted({*pandaids} - {*there} - {*live}))
    for task in sorted({*tasks}):
        of_task = _found(database, "jeditaskid", [task])
        if not any(of_task):
            seen.unknown_tasks.append(task)
        there, live = there | of_task[0], live | of_task[1]
    if exports:
        _ask_exports(seen, exports, tasks, {*there, *live})
    going = {}
    for pandaid, moments in sorted(there.items()):
        other = live.pop(pandaid, None) or (ARCHIVED_JOBS if len(moments) > 1 else None)
        if other:
            seen.gone.refused[pandaid] = str(row_batches.both_have(pandaid, ARCHIVED_JOBS, other))
        else:
            going[pandaid] = moments[0]
    seen.gone.jobs = [*going]
    seen.live = dict(sorted(live.items()))
    return seen, going


def _ask_exports(
    seen: RestoreResult, exports: Path, tasks: Collection[int], known: Collection[int]
) -> None:
    """Search exported months for jobs that no table has, and for all jobs of tasks."""
    found = located(exports, pandaids=seen.unknown, tasks=tasks)
    seen.exported = by_month(one for one in found if one.pandaid not in known)
    seen.unknown = sorted({*seen.unknown} - {one.pandaid for one in found})
    seen.unknown_tasks = sorted({*seen.unknown_tasks} - {one.jeditaskid for one in found})


def _found(
    database: Database, column: str, values: Collection[int]
) -> tuple[dict[int, list[datetime]], dict[int, str]]:
    """Return the jobs of the archive with their times, and those outside with their tables."""
    if not values:
        return {}, {}
    there = row_batches.archived(database, column, values)
    with database.session() as session:
        return there, scan.live_jobs(session, column, values)


def by_day(
    database: Database, going: Mapping[int, datetime]
) -> Iterator[tuple[TimeRange, list[int]]]:
    """Yield the jobs of each day of the archive, or month if a partition is one."""
    with database.session() as session:
        known = days(catalog.partitions(session, LIVE_OF), LIVE_OF)
    grouped: dict[TimeRange, list[int]] = defaultdict(list)
    for pandaid, moment in going.items():
        fits = (TimeRange(day.lower, day.upper) for day in known if moment in day)
        alone = TimeRange(*(ANY_DAY.range_of(moment) or _end_of_time(moment)))
        grouped[next(fits, alone)].append(pandaid)
    yield from sorted(grouped.items(), key=lambda group: str(group[0].lower))


def _end_of_time(moment: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the times around one that is in no range of a day, such as infinity."""
    if moment.year == 1:
        return None, datetime(1, 1, 2)
    return datetime(9999, 12, 31), None
