"""Days into the archive, one after the other: for cron, and for operators.

`run` is idempotent, safe to run concurrently, and crash-safe. Days are swapped into the archive of
the same database, or copied to another one that is given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pandadb.core.archive import proofs
from pandadb.core.partitions.policies import POLICIES
from pandadb.services.archive import pauses, stragglers, swaps
from pandadb.services.archive.after_days import control_rows
from pandadb.services.archive.after_days.pandaid_index import note as note_ranges
from pandadb.services.archive.copies import copy_run
from pandadb.services.archive.copies.copy_schedule import GRACE_PERIODS, GracePeriods, copy_states
from pandadb.services.archive.copies.remote import ArchiveLost, refuse_unfit
from pandadb.services.archive.plans import failures, in_default, plan, refuse_strangers
from pandadb.services.archive.report import Deferred, Progress, RunReport, Step
from pandadb.services.archive.rows import day_merge
from pandadb.services.archive.run_lock import run_lock
from pandadb.services.archive.throttle import Limits, Throttle
from pandadb.services.failures import isolated
from pandadb.services.lockwaits import LockNotAvailable, or_contended
from pandadb.services.maintenance import noted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date

    from pandadb.core.archive.layout import Day
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.services.archive.report import CopyState

CONTINUABLE_STEPS = (Step.BOUND, Step.COUNT)
"""Steps before which a run can wait for any time; it waits before each day, too."""


class _OutOfTime(Exception):
    """The time was over during a wait."""


def run(
    database: Database,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    only: Collection[date] = (),
    max_time: float | None = None,
    limits: Limits | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
    archive: Database | None = None,
    waits: GracePeriods = GRACE_PERIODS,
) -> RunReport:
    """Archive the days that are due, oldest first; with `only`, these alone.

    No day is begun after `max_time` seconds. After a loss no other day is touched; another error
    ends only its own day. With an `archive`, another database, days are copied there, and dropped
    here after their grace periods.

    Raises:
        ArchiveLost: The other database went away; it has the days that were done before.
        InvalidArchive: The other database cannot be the archive.
        NotTheArchiver: The user of the database may not copy days and drop them.
        NotTheOwner: The user of the database, or of the other one, may not move partitions.
    """
    throttle = Throttle(database, limits or Limits(), max_time)
    if not archive:
        refuse_strangers(database)
    with noted(database, "archive run") as note, or_contended():
        if archive:
            refuse_unfit(database, archive)
        report = RunReport(paused=pauses.paused(database))
        if not report.paused:
            with run_lock(database, archive) as ours:
                report.busy = not ours
                if ours:
                    report.finished = swaps.finish(database, report.failed)
                    if archive:
                        words: Any = {"only": only, "waits": waits, "count": False}
                        states = partial(copy_states, database, policies, **words)
                        _copy(database, archive, states, report, throttle=throttle, tell=tell)
                    else:
                        swaps.remove_leftovers(database, report.failed, throttle.limits.locks)
                        days = plan(database, policies, only=only, count=False)
                        _swap(database, policies, days, report, throttle=throttle, tell=tell)
                    report.failed += note_ranges(archive or database)
                    control_rows.follow(database, report, throttle)
            report.paused, report.held_up = throttle.paused, throttle.held_up
            report.notes = throttle.notes
            _report_left(database, policies, report)
        note.outcome, note.why = report.outcome, report.why
    return report


def _report_left(database: Database, policies: Mapping[str, Policy], report: RunReport) -> None:
    """Add the rows that no day takes along to the notes: at 1970-01-01, in DEFAULT partitions."""
    if report.busy:
        return
    with isolated(report.failed, "rows at 1970-01-01 of jobs that have ended"):
        left = stragglers.find(database)
        report.notes += [str(left)] if left.jobs else []
    if report.paused:
        return
    with isolated(report.failed, "rows in DEFAULT partitions"):
        strays = in_default(database, policies)
        report.notes += [str(strays)] if strays.jobs else []


def _swap(
    database: Database,
    policies: Mapping[str, Policy],
    todo: Sequence[Day],
    report: RunReport,
    *,
    throttle: Throttle,
    tell: Callable[[Progress], None],
) -> None:
    report.put_off = [day for day in todo if day.put_off and not day.failed]
    report.failed += failures(todo)
    days = [day for day in todo if not day.put_off]
    for number, day in enumerate(days, start=1):
        step = _Steps(day, number, len(days), throttle, tell)
        if report.lost or not step.may_go_on():
            report.left.append(day)
        else:
            with isolated(report.failed, str(day)):
                _take(database, day, policies, report, step)


def _copy(
    database: Database,
    archive: Database,
    states: Callable[[], list[CopyState]],
    report: RunReport,
    *,
    throttle: Throttle,
    tell: Callable[[Progress], None],
) -> None:
    def may_begin(*at: Any) -> bool:
        return throttle.wait(lambda why: tell(replace(Progress(*at), waiting=why)))

    words: Any = {"may_begin": may_begin, "tell": lambda *at: tell(Progress(*at))}
    try:
        copy_run.copy_days(database, archive, states(), report, throttle.limits.locks, **words)
    except ArchiveLost as lost:
        lost.report = report
        raise


@dataclass
class _Steps:
    """The steps of a day: reported, and begun only when there is no reason to wait."""

    day: Day
    number: int
    of: int
    throttle: Throttle
    tell: Callable[[Progress], None]
    now: Step = Step.INDEX

    def may_go_on(self, *, begun: bool = False) -> bool:
        """Wait while there is a reason to; return whether there is time left."""
        return self.throttle.wait(lambda why: self._report(waiting=why), begun=begun)

    def __call__(self, step: Step) -> None:
        """Begin a step.

        Raises:
            _OutOfTime: The time was over during a wait.
        """
        self.now = step
        if step in CONTINUABLE_STEPS and not self.may_go_on(begun=True):
            raise _OutOfTime
        self._report()

    def rows(self, done: int, waiting: str | None) -> None:
        """Report how many jobs are done of a day that goes by rows."""
        self.now = Step.ROWS
        self._report(done, waiting)

    def _report(self, done: int | None = None, waiting: str | None = None) -> None:
        self.tell(Progress(self.day, self.now, self.number, self.of, done, waiting))


def _take(
    database: Database, day: Day, policies: Mapping[str, Policy], report: RunReport, step: _Steps
) -> None:
    try:
        if day.by_rows:
            report.add_merged(day_merge.merge(database, day, policies, step.throttle, step.rows))
        else:
            locks = step.throttle.limits.locks
            report.done.append(swaps.swap(database, day, proofs.SWAP, step, locks))
    except _OutOfTime:
        report.left.append(day)
    except LockNotAvailable as error:
        report.contended.append(day)
        report.held[str(day)] = error.held
    except Deferred as error:
        report.put_off.append(day.deferred(error.why))
