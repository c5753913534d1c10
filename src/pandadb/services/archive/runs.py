"""Days into the archive, one after the other, and back: for cron, and for operators.

`run` can be repeated, run twice at once, and killed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pandadb.core.archive import proofs
from pandadb.core.partitions.policies import POLICIES
from pandadb.errors import PandaDBError
from pandadb.services.archive import moving
from pandadb.services.archive.moving import Contended, Moved, PutOff, Step, Verdict
from pandadb.services.archive.noting import note
from pandadb.services.archive.plans import plan, refuse_strangers, restorable
from pandadb.services.turns import turn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import date

    from pandadb.core.archive.days import Day
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database

TURN = "hashtextextended('pandadb archive run', 0)"


class NotRestored(PandaDBError):
    """A day that cannot go back."""


@dataclass(frozen=True)
class Progress:
    """Where a run is."""

    day: Day
    step: Step
    number: int
    """Which of the days that are to go it is, from 1."""
    of: int


@dataclass
class Ran:
    """What was done, and what was not."""

    done: list[Moved] = field(default_factory=list)
    finished: dict[str, Verdict] = field(default_factory=dict)
    """Partitions that had gone before without being counted, as a run was killed."""
    put_off: list[Day] = field(default_factory=list)
    contended: list[Day] = field(default_factory=list)
    """Days whose locks were not free: the next run takes them up."""
    left: list[Day] = field(default_factory=list)
    """Days for which there was no time."""
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
) -> Ran:
    """Archive the days that are due, oldest first; with `only`, these alone.

    No day is begun after `max_time` seconds. After a loss no other day is touched.

    Raises:
        NotTheOwner: The user of the database may not move partitions.
    """
    began = time.monotonic()
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
            if ran.lost or (max_time is not None and time.monotonic() - began >= max_time):
                ran.left.append(day)
                continue

            def step(what: Step, day: Day = day, number: int = number) -> None:
                tell(Progress(day, what, number, len(days)))

            _take(database, day, ran, step)
        if ours:
            note(database)
    return ran


def _finish(database: Database, ran: Ran) -> None:
    """Count what has gone and was not counted."""
    with database.session() as session:
        known = proofs.newest(session).values()
    for proof in known:
        if proofs.target_of(proof) is None:
            ran.finished[proof.partition_name] = moving.finish(database, proof)


def _take(database: Database, day: Day, ran: Ran, tell: Callable[[Step], None]) -> None:
    try:
        ran.done.append(moving.move(database, day, proofs.SWAP, tell))
    except Contended:
        ran.contended.append(day)
    except PutOff as why:
        ran.put_off.append(replace(day, put_off=str(why)))


def restore(
    database: Database, day: date, *, tell: Callable[[Step], None] = lambda _: None
) -> Moved:
    """Take a day back from the archive, by swapping its partitions back.

    The ledger says then that it must not be archived, so it stays until it is named to `run`.

    Raises:
        NoSuchDay: The archive has no such day.
        NotRestored: Its place is taken, or locks were not free; nothing was changed.
        NotTheOwner: The user of the database may not move partitions.
    """
    refuse_strangers(database)
    with turn(database, TURN) as ours:
        if not ours:
            raise NotRestored("Another run is at work: try again when it has ended")
        found = restorable(database, day)
        if found.put_off:
            raise NotRestored(f"The day {day} cannot go back: {found.put_off}")
        try:
            moved = moving.move(database, found, proofs.RESTORE, tell)
        except Contended:
            raise NotRestored(f"The day {day} did not go back: locks were not free") from None
        except PutOff as why:
            raise NotRestored(f"The day {day} cannot go back: {why}") from None
        note(database)
        return moved
