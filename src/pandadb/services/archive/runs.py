"""Days into the archive, one after the other, and back: for cron, and for operators.

`run` can be repeated, run twice at once, and killed. Days are swapped into the archive of the same
database, or copied to another one that is given.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pandadb.core.archive import proofs
from pandadb.core.archive.days import ARCHIVE_OF, LIVE_OF
from pandadb.core.partitions import existing
from pandadb.core.partitions.policies import POLICIES
from pandadb.errors import PandaDBError
from pandadb.services.archive import copyruns, moving
from pandadb.services.archive.bringing import bring
from pandadb.services.archive.copying import Refused
from pandadb.services.archive.elsewhere import refuse_unfit
from pandadb.services.archive.moving import Contended, Moved, PutOff, Step, Verdict
from pandadb.services.archive.plans import plan, refuse_strangers, restorable
from pandadb.services.archive.standing import WAITS, Waits, standings
from pandadb.services.turns import turn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import date

    from pandadb.core.archive.days import Day
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.services.archive.copying import CopyStep
    from pandadb.services.archive.standing import Standing

TURN = "hashtextextended('pandadb archive run', 0)"


class NotRestored(PandaDBError):
    """A day that cannot go back."""


@dataclass(frozen=True)
class Progress:
    """Where a run is."""

    day: Day
    step: Step | CopyStep
    number: int
    """Which of the days that are to go it is, from 1."""
    of: int


@dataclass
class Ran:
    """What was done, and what was not."""

    done: list[Moved] = field(default_factory=list)
    """Days that were swapped or copied."""
    finished: dict[str, Verdict] = field(default_factory=dict)
    """Partitions that had gone before without being counted, as a run was killed."""
    put_off: list[Day] = field(default_factory=list)
    contended: list[Day] = field(default_factory=list)
    """Days whose locks were not free: the next run takes them up."""
    left: list[Day] = field(default_factory=list)
    """Days for which there was no time."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Rows of each partition that had been copied, had waited, and is gone."""
    recopied: list[str] = field(default_factory=list)
    """Partitions that had changed since they were copied: their copies are replaced, and wait."""
    refused: dict[str, str] = field(default_factory=dict)
    """Partitions that differ from their copies as they must not, and why."""
    waiting: list[Standing] = field(default_factory=list)
    """Days that are copied and wait to be dropped."""
    busy: bool = False
    """Whether another run was at work; then nothing was done."""

    @property
    def lost(self) -> list[str]:
        """Return the partitions that have fewer rows than before."""
        verdicts = dict(self.finished)
        for moved in self.done:
            verdicts |= moved.verdicts
        return [name for name, verdict in verdicts.items() if verdict is Verdict.LOST]


def run(
    database: Database,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    only: Collection[date] = (),
    max_time: float | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
    archive: Database | None = None,
    waits: Waits = WAITS,
) -> Ran:
    """Archive the days that are due, oldest first; with `only`, these alone.

    No day is begun after `max_time` seconds. After a loss no other day is touched. With an
    `archive`, another database, days are copied there, and dropped here when they have waited.

    Raises:
        ArchiveLost: The other database went away.
        BadArchive: The other database cannot be the archive.
        NotTheArchiver: The user of the database may not copy days and drop them.
        NotTheOwner: The user of the database, or of the other one, may not move partitions.
    """
    is_late = _deadline(max_time)
    if archive:
        standing = partial(standings, database, policies, only=only, waits=waits)
        return _copy(database, archive, standing, is_late, tell)
    refuse_strangers(database)
    ran = Ran()
    with turn(database, TURN) as ours:
        ran.busy = not ours
        if ours:
            _finish(database, ran)
        todo = plan(database, policies, only=only) if ours else []
        ran.put_off = [day for day in todo if day.put_off]
        days = [day for day in todo if not day.put_off]
        for number, day in enumerate(days, start=1):
            if ran.lost or is_late():
                ran.left.append(day)
                continue

            def step(what: Step, day: Day = day, number: int = number) -> None:
                tell(Progress(day, what, number, len(days)))

            _take(database, day, ran, step)
    return ran


def _deadline(max_time: float | None) -> Callable[[], bool]:
    """Return what tells whether the time is over that begins now."""
    began = time.monotonic()
    return lambda: max_time is not None and time.monotonic() - began >= max_time


def _copy(
    database: Database,
    archive: Database,
    standing: Callable[[], list[Standing]],
    is_late: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> Ran:
    refuse_unfit(database, archive)
    ran = Ran()
    with turn(database, TURN) as ours, turn(archive, TURN) as theirs:
        ran.busy = not (ours and theirs)
        if not ran.busy:
            _finish(database, ran)
            words: Any = {"is_late": is_late, "tell": lambda *at: tell(Progress(*at))}
            copyruns.go(database, archive, standing(), ran, **words)
    return ran


def _finish(database: Database, ran: Ran) -> None:
    """Count what has gone and was not counted; what somebody has dropped since is left."""
    with database.session() as session:
        known = proofs.newest(session).values()
        there = existing.partitions(session, [*ARCHIVE_OF, *LIVE_OF]).values()
    names = {one.name for partitions in there for one in partitions}
    for proof in known:
        if proofs.target_of(proof) is None and proofs.part_of(proof).new_name in names:
            ran.finished[proof.partition_name] = moving.finish(database, proof)


def _take(database: Database, day: Day, ran: Ran, tell: Callable[[Step], None]) -> None:
    try:
        ran.done.append(moving.move(database, day, proofs.SWAP, tell))
    except Contended:
        ran.contended.append(day)
    except PutOff as why:
        ran.put_off.append(replace(day, put_off=str(why)))


def restore(
    database: Database,
    day: date,
    *,
    tell: Callable[[Step | CopyStep], None] = lambda _: None,
    archive: Database | None = None,
) -> Moved:
    """Take a day back from the archive, by swapping its partitions back.

    From an `archive` that is another database it is copied back, and its copy stays there. The
    ledger says then that it must not be archived, so it stays until it is named to `run`.

    Raises:
        ArchiveLost: The other database went away.
        NoSuchDay: The archive has no such day.
        NotRestored: Its place is taken, or locks were not free; nothing was changed.
        NotTheOwner: The user of the database may not move partitions.
    """
    refuse_strangers(database)
    if archive:
        refuse_unfit(database, archive)
    with turn(database, TURN) as ours:
        if not ours:
            raise NotRestored("Another run is at work: try again when it has ended")
        try:
            if archive:
                return bring(database, archive, day, tell)
            return _swap_back(database, day, tell)
        except Contended:
            raise NotRestored(f"The day {day} did not go back: locks were not free") from None
        except (PutOff, Refused) as why:
            raise NotRestored(f"The day {day} cannot go back: {why}") from None


def _swap_back(database: Database, day: date, tell: Callable[[Step], None]) -> Moved:
    found = restorable(database, day)
    if found.put_off:
        raise PutOff(found.put_off)
    return moving.move(database, found, proofs.RESTORE, tell)
