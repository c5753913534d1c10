"""Days to another database, one after the other: copied, and dropped here when they have waited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.services.archive.copies.day_copy import CopyRefused, copy
from pandadb.services.archive.copies.drop_copied import DropResult, drop_copied
from pandadb.services.archive.plans import failures
from pandadb.services.archive.report import CopyStep, Deferred, NextStep
from pandadb.services.failures import isolated
from pandadb.services.lockwaits import LockNotAvailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandadb.core.archive.layout import Day
    from pandadb.database import Database
    from pandadb.services.archive.report import CopyState, RunReport
    from pandadb.services.locks import LockPolicy


def copy_days(
    database: Database,
    archive: Database,
    states: Sequence[CopyState],
    ran: RunReport,
    locks: LockPolicy,
    *,
    may_begin: Callable[[Day, CopyStep, int, int], bool],
    tell: Callable[[Day, CopyStep, int, int], None],
) -> None:
    """Take the next step of each day, and enter the results in `ran`.

    No day is begun unless it `may_begin`; that may wait. After an archive has lost rows no other
    day is dropped here; days are still copied, since nothing is lost by that. An error ends only
    the day that it is of.

    Raises:
        ArchiveLost: The archive's server went away.
    """
    ran.put_off = [one.day for one in states if one.day.put_off and not one.day.failed]
    ran.failed += failures(one.day for one in states)
    ran.waiting = [one for one in states if one.due is NextStep.WAIT and one.until]
    todo = [one for one in states if one.due is not NextStep.WAIT]
    for number, state in enumerate(todo, start=1):
        first = CopyStep.COPY if state.due is NextStep.COPY else CopyStep.RECOUNT
        refused = ran.refused and state.due is NextStep.DROP
        if refused or not may_begin(state.day, first, number, len(todo)):
            ran.left.append(state.day)
            continue

        def step(what: CopyStep, day: Day = state.day, number: int = number) -> None:
            tell(day, what, number, len(todo))

        with isolated(ran.failed, str(state.day)):
            _take(database, archive, state, ran, step, locks=locks)


def _take(
    database: Database,
    archive: Database,
    state: CopyState,
    ran: RunReport,
    tell: Callable[[CopyStep], None],
    *,
    locks: LockPolicy,
) -> None:
    day, left = state.day, DropResult(state.parts)
    try:
        if state.due is NextStep.COPY:
            parts, is_new = state.parts, state.is_new
            ran.done.append(copy(database, archive, day, tell, locks, parts=parts, is_new=is_new))
        else:
            drop_copied(database, archive, day, left, tell, locks=locks)
    except LockNotAvailable as why:
        ran.contended.append(day)
        ran.held[str(day)] = why.held
    except Deferred as error:
        ran.put_off.append(day.deferred(error.why))
    except CopyRefused as error:
        ran.refused |= error.reasons
    finally:  # partitions that were dropped before the archive's server went away, too
        ran.dropped |= left.dropped
        ran.recopied += left.recopied
