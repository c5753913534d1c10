"""Days into the archive, one after the other, and back: for cron, and for operators.

`run` can be repeated, run twice at once, and killed. Days are swapped into the archive of the same
database, or copied to another one that is given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pandadb.core.archive import proofs
from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF
from pandadb.core.partitions import catalog
from pandadb.core.partitions.policies import POLICIES
from pandadb.services.archive import pauses, stragglers, swaps
from pandadb.services.archive.copies import copy_run
from pandadb.services.archive.copies.copy_schedule import WAITS, Waits, standings
from pandadb.services.archive.copies.remote import ArchiveLost, refuse_unfit
from pandadb.services.archive.pandaid_index import note as note_ranges
from pandadb.services.archive.plans import failures, in_default, plan, refuse_strangers
from pandadb.services.archive.report import Progress, Ran
from pandadb.services.archive.rows import day_merge
from pandadb.services.archive.swaps import PutOff, Step, Verdict
from pandadb.services.archive.throttle import Limits, Throttle
from pandadb.services.failures import Failure, isolated
from pandadb.services.locks import turn
from pandadb.services.lockwaits import LockNotAvailable, or_contended
from pandadb.services.maintenance import noted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import date

    from pandadb.core.archive.layout import Day
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.services.archive.copies.copy_schedule import Standing

SAFE = (Step.BOUND, Step.COUNT)
"""Steps before which a run can wait as long as it must; it does so before each day, too."""
TURN = "hashtextextended('pandadb archive run', 0)"


class _OutOfTime(Exception):
    """The time was over while we waited."""


def run(
    database: Database,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    only: Collection[date] = (),
    max_time: float | None = None,
    limits: Limits | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
    archive: Database | None = None,
    waits: Waits = WAITS,
) -> Ran:
    """Archive the days that are due, oldest first; with `only`, these alone.

    No day is begun after `max_time` seconds. After a loss no other day is touched; another error
    ends only the day that it is of. With an `archive`, another database, days are copied there, and
    dropped here when they have waited.

    Raises:
        ArchiveLost: The other database went away; it has what was done before.
        InvalidArchive: The other database cannot be the archive.
        NotTheArchiver: The user of the database may not copy days and drop them.
        NotTheOwner: The user of the database, or of the other one, may not move partitions.
    """
    throttle = Throttle(database, limits or Limits(), max_time)
    if not archive:
        refuse_strangers(database)
    with noted(database, "archive run") as note, or_contended():
        if archive:
            standing = partial(standings, database, policies, only=only, waits=waits, count=False)
            ran = _copy(database, archive, standing, throttle, tell)
        else:
            planned = partial(plan, database, policies, only=only, count=False)
            ran = _swap(database, policies, planned, throttle, tell)
        if not (ran.busy or ran.paused):
            _note_in_default(database, policies, ran)
        note.outcome, note.why = ran.outcome, ran.why
    return ran


def _swap(
    database: Database,
    policies: Mapping[str, Policy],
    planned: Callable[[], list[Day]],
    throttle: Throttle,
    tell: Callable[[Progress], None],
) -> Ran:
    ran = Ran(paused=pauses.paused(database))
    if ran.paused:
        return ran
    with turn(database, TURN) as ours:
        ran.busy = not ours
        if ours:
            ran.finished = finish(database, ran.failed)
            swaps.tidy(database, ran.failed)
            _go(database, policies, planned(), ran, partial(_Steps, throttle=throttle, tell=tell))
            ran.failed += note_ranges(database)
    ran.paused, ran.held_up, ran.notes = throttle.paused, throttle.held_up, throttle.notes
    if not ran.busy:
        _report_stragglers(database, ran)
    return ran


def _note_in_default(database: Database, policies: Mapping[str, Policy], ran: Ran) -> None:
    """Add to the notes which jobs no day takes along, as they stand in a DEFAULT partition."""
    with isolated(ran.failed, "rows in DEFAULT partitions"):
        left = in_default(database, policies)
        ran.notes += [str(left)] if left.jobs else []


def _report_stragglers(database: Database, ran: Ran) -> None:
    """Add to the notes which rows of ended jobs no day takes along."""
    with isolated(ran.failed, "rows at 1970-01-01 of jobs that have ended"):
        left = stragglers.find(database)
        ran.notes += [str(left)] if left.jobs else []


def _go(
    database: Database,
    policies: Mapping[str, Policy],
    todo: list[Day],
    ran: Ran,
    steps: Callable[[Day, int, int], _Steps],
) -> None:
    ran.put_off = [day for day in todo if day.put_off and not day.failed]
    ran.failed += failures(todo)
    days = [day for day in todo if not day.put_off]
    for number, day in enumerate(days, start=1):
        step = steps(day, number, len(days))
        if ran.lost or not step.may_go_on():
            ran.left.append(day)
        else:
            with isolated(ran.failed, str(day)):
                _take(database, day, policies, ran, step)


def _copy(
    database: Database,
    archive: Database,
    standing: Callable[[], list[Standing]],
    throttle: Throttle,
    tell: Callable[[Progress], None],
) -> Ran:
    refuse_unfit(database, archive)
    ran = Ran(paused=pauses.paused(database))
    if ran.paused:
        return ran

    def may_begin(*at: Any) -> bool:
        return throttle.wait(lambda why: tell(replace(Progress(*at), waiting=why)))

    with turn(database, TURN) as ours, turn(archive, TURN) as theirs:
        ran.busy = not (ours and theirs)
        if not ran.busy:
            ran.finished = finish(database, ran.failed)
            words: Any = {"may_begin": may_begin, "tell": lambda *at: tell(Progress(*at))}
            try:
                copy_run.go(database, archive, standing(), ran, **words)
            except ArchiveLost as lost:
                lost.ran = ran
                raise
            ran.failed += note_ranges(archive)
    ran.paused, ran.held_up, ran.notes = throttle.paused, throttle.held_up, throttle.notes
    if not ran.busy:
        _report_stragglers(database, ran)
    return ran


@dataclass
class _Steps:
    """A day's steps: tells of them, and waits before those that can wait."""

    day: Day
    number: int
    of: int
    throttle: Throttle
    tell: Callable[[Progress], None]
    now: Step = Step.INDEX

    def may_go_on(self, *, begun: bool = False) -> bool:
        """Wait as long as something asks for it; tell whether there is time left."""
        return self.throttle.wait(lambda why: self._say(waiting=why), begun=begun)

    def __call__(self, step: Step) -> None:
        """Begin a step.

        Raises:
            _OutOfTime: The time was over while it waited.
        """
        self.now = step
        if step in SAFE and not self.may_go_on(begun=True):
            raise _OutOfTime
        self._say()

    def rows(self, done: int, waiting: str | None) -> None:
        """Tell how many jobs are done of a day that goes by rows."""
        self.now = Step.ROWS
        self._say(done, waiting)

    def _say(self, done: int | None = None, waiting: str | None = None) -> None:
        self.tell(Progress(self.day, self.now, self.number, self.of, done, waiting))


def finish(database: Database, failed: list[Failure]) -> dict[str, Verdict]:
    """Count what has gone and was not counted; what somebody has dropped since is left.

    What cannot be counted is added to `failed`.
    """
    with database.session() as session:
        known = proofs.newest(session).values()
        there = catalog.partitions(session, [*ARCHIVE_OF, *LIVE_OF]).values()
    names = {one.name for partitions in there for one in partitions}
    finished: dict[str, Verdict] = {}
    for proof in known:
        if proofs.target_of(proof) is None and proofs.part_of(proof).new_name in names:
            with isolated(failed, f"count of {proof.partition_name}"):
                finished[proof.partition_name] = swaps.finish(database, proof)
    return finished


def _take(
    database: Database, day: Day, policies: Mapping[str, Policy], ran: Ran, step: _Steps
) -> None:
    try:
        if day.by_rows:
            merged = day_merge.merge(database, day, policies, step.throttle, step.rows)
            ran.merged.append(merged)
            if merged.gone.is_over:
                ran.left.append(day)
            if merged.contended:
                ran.contended.append(day)
            if merged.failed:
                ran.failed.append(Failure(str(day), merged.failed))
            if merged.put_off:
                ran.put_off.append(replace(day, put_off=merged.put_off, reason=merged.reason))
        else:
            ran.done.append(swaps.move(database, day, proofs.SWAP, step))
    except _OutOfTime:
        ran.left.append(day)
    except LockNotAvailable as why:
        ran.contended.append(day)
        ran.held[str(day)] = why.held
    except PutOff as error:
        ran.put_off.append(day.deferred(error.why))
