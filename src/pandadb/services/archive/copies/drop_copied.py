"""A copied day leaves the live tables, when the archive is counted to have it still.

The archive's partitions are locked against writers until all is dropped. The guard in the database
counts what it drops, and drops it only if that is what was copied. Jobs go first, so that no job is
found without what belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pandadb.core.archive import proofs
from pandadb.core.archive.deferrals import Deferral, Reason, listed
from pandadb.core.archive.transfer import day_copy
from pandadb.core.archive.transfer.month_drop import held_tasks as held_in_archive
from pandadb.core.sql.table_columns import columns
from pandadb.services.archive.copies.day_copy import CopyStep, copy
from pandadb.services.archive.copies.remote import reached
from pandadb.services.archive.plans import held_tasks
from pandadb.services.archive.snapshot import be_slow
from pandadb.services.archive.swaps import PutOff, Verdict
from pandadb.services.locks import be_patient, patiently
from pandadb.services.lockwaits import or_contended

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Day, Part
    from pandadb.database import Database

WRITERS = 3.0
"""Seconds for which somebody is waited for who writes into the day in the archive."""
TRIES = (0.5, 0.5, 0.5)
"""Each try counts the partition once more; the guard itself says how long it waits for locks."""
SHORTEST = 0.1
"""Seconds: the last of those waits is as short as that."""
REFUSES = "P0001"
"""SQLSTATE of what the guard says."""


@dataclass
class Left:
    """What has become of a day, whatever has ended it."""

    ready: Collection[Part]
    """The partitions whose time has come."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Rows of each partition that is gone."""
    recopied: list[str] = field(default_factory=list)
    """Partitions that had changed, and were copied again: they wait again."""


def leave(
    database: Database,
    archive: Database,
    day: Day,
    left: Left,
    tell: Callable[[CopyStep], None],
) -> None:
    """Drop those partitions of a day whose time has come, and write down in `left` which have gone.

    If one of the day is not as it was copied, nothing more is dropped: it is looked at as if it
    were to be copied.

    Raises:
        ArchiveLost: Its server went away.
        Contended: Locks were not free.
        PutOff: A task of the day is held now, or the guard refuses for another reason.
        Refused: The archive is not as it was when it was copied, or has rows that are missing here.
    """
    tell(CopyStep.RECOUNT)
    with or_contended(), reached(archive) as there:
        be_patient(there, WRITERS)
        with or_contended(there.connection(), WRITERS):
            day_copy.keep_writers_away(there, day.parts)
        changed, said = _changed(database, there, day), ""
        tell(CopyStep.DROP)
        for part in left.ready if not changed else ():
            there.execute(text("SELECT 1"))  # its locks are lost with its connection
            rest = tuple(one for one in day.parts if one.name not in left.dropped)
            said = _drop(database, replace(day, parts=rest), part, left)
            if said:
                changed = [part]
                break
    if changed:
        moved = copy(database, archive, replace(day, parts=tuple(changed)), tell)
        left.recopied = [name for name, what in moved.verdicts.items() if what is Verdict.CHANGED]
        if said and not left.recopied:
            raise PutOff(Deferral.of(Reason.GUARD, said=said))


def _changed(database: Database, there: Session, day: Day) -> list[Part]:
    """Return the partitions of a day whose copies are not what the newest proofs say."""
    with database.session() as session:
        if why := _held_there(session, there, day):
            raise PutOff(why)
        newest = proofs.newest(session)
        names = {
            part: [c.name for c in columns(session, sql.Identifier(part.schema, part.name))]
            for part in day.parts
        }
    return [
        part
        for part in day.parts
        if day_copy.archived(there, part, names[part])
        != proofs.target_of(newest[proofs.range_of(part)])
    ]


def _held_there(session: Session, there: Session, day: Day) -> Deferral | None:
    """Say which held tasks have jobs in a day of the archive: here they may have gone already."""
    tasks = held_in_archive(there, day, session)
    return Deferral.of(Reason.TASKS_HELD, tasks=listed(tasks)) if tasks else None


def _drop(database: Database, day: Day, part: Part, left: Left) -> str:
    """Have the guard drop a partition; return what it says against it."""
    try:
        work = partial(_ask, day=day, part=part, left=left)
        patiently(database, work, TRIES, shortest=SHORTEST)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != REFUSES:
            raise
        return str(error.orig).partition("\n")[0]
    return ""


def _ask(session: Session, day: Day, part: Part, left: Left) -> None:
    be_slow(session)
    if why := held_tasks(session, day):
        raise PutOff(why)
    left.dropped[part.name] = day_copy.drop(session, part)
