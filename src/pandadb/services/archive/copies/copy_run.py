"""Days to another database, one after the other: copied, and dropped here when they have waited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.services.archive.copies.copy_schedule import Due
from pandadb.services.archive.copies.day_copy import CopyStep, Refused, copy
from pandadb.services.archive.copies.drop_copied import Left, leave
from pandadb.services.archive.plans import failures
from pandadb.services.archive.swaps import PutOff
from pandadb.services.failures import isolated
from pandadb.services.lockwaits import LockNotAvailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandadb.core.archive.layout import Day
    from pandadb.database import Database
    from pandadb.services.archive.copies.copy_schedule import Standing
    from pandadb.services.archive.report import Ran


def go(
    database: Database,
    archive: Database,
    standings: Sequence[Standing],
    ran: Ran,
    *,
    may_begin: Callable[[Day, CopyStep, int, int], bool],
    tell: Callable[[Day, CopyStep, int, int], None],
) -> None:
    """Do what is due for each day, and write down in `ran` what was done.

    No day is begun unless it `may_begin`, which may wait. An archive that does not have what it had
    is trusted with no drop of another day; days are still copied, since nothing is lost by that. An
    error ends only the day that it is of.

    Raises:
        ArchiveLost: The archive's server went away.
    """
    ran.put_off = [one.day for one in standings if one.day.put_off and not one.day.failed]
    ran.failed += failures(one.day for one in standings)
    ran.waiting = [one for one in standings if one.due is Due.WAIT and one.until]
    todo = [one for one in standings if one.due is not Due.WAIT]
    for number, standing in enumerate(todo, start=1):
        first = CopyStep.COPY if standing.due is Due.COPY else CopyStep.RECOUNT
        refused = ran.refused and standing.due is Due.DROP
        if refused or not may_begin(standing.day, first, number, len(todo)):
            ran.left.append(standing.day)
            continue

        def step(what: CopyStep, day: Day = standing.day, number: int = number) -> None:
            tell(day, what, number, len(todo))

        with isolated(ran.failed, str(standing.day)):
            _take(database, archive, standing, ran, step)


def _take(
    database: Database,
    archive: Database,
    standing: Standing,
    ran: Ran,
    tell: Callable[[CopyStep], None],
) -> None:
    day, left = standing.day, Left(standing.parts)
    try:
        if standing.due is Due.COPY:
            parts, is_new = standing.parts, standing.is_new
            ran.done.append(copy(database, archive, day, tell, parts=parts, is_new=is_new))
        else:
            leave(database, archive, day, left, tell)
    except LockNotAvailable as why:
        ran.contended.append(day)
        ran.held[str(day)] = why.held
    except PutOff as error:
        ran.put_off.append(day.deferred(error.why))
    except Refused as error:
        ran.refused |= error.reasons
    finally:  # what has gone has gone, also if the archive's server went away then
        ran.dropped |= left.dropped
        ran.recopied += left.recopied
