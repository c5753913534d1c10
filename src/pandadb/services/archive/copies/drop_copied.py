"""A copied day leaves the live tables, when the archive is counted to have it still.

The archive's partitions are locked against writers until all is dropped. The guard in the database
counts a partition, and drops it only if its rows are those that were copied. Jobs go first, so that
no reader finds a job without its satellites.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pandadb.core.archive import holds, proofs
from pandadb.core.archive.deferrals import Deferral, Reason, listed
from pandadb.core.archive.layout import ARCHIVED_JOBS
from pandadb.core.archive.months import rows_of
from pandadb.core.archive.transfer import day_copy, ddl
from pandadb.core.sql.table_columns import column_names
from pandadb.errors import sqlstate
from pandadb.services.archive.copies.day_copy import copy
from pandadb.services.archive.copies.remote import archive_session
from pandadb.services.archive.plans import held_tasks
from pandadb.services.archive.report import CopyStep, Deferred, Verdict
from pandadb.services.archive.transactions import lift_timeouts
from pandadb.services.locks import retry_transaction, set_lock_timeout
from pandadb.services.lockwaits import or_contended

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Day, Part
    from pandadb.database import Database
    from pandadb.services.locks import LockPolicy

SHORTEST = 0.1
"""Seconds: the shortest lock timeout that the guard itself sets."""
RAISED_BY_FUNCTION = "P0001"
"""SQLSTATE of a refusal of the guard."""


@dataclass
class DropResult:
    """The partitions of a day that were dropped, or copied again, before its drop ended."""

    ready: Collection[Part]
    """The partitions after their grace period."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Rows of each partition that is gone."""
    recopied: list[str] = field(default_factory=list)
    """Partitions that had changed, and were copied again: they wait again."""


def drop_copied(
    database: Database,
    archive: Database,
    day: Day,
    result: DropResult,
    tell: Callable[[CopyStep], None],
    *,
    locks: LockPolicy,
) -> None:
    """Drop the partitions of a day after their grace periods, and enter them in `result`.

    If a partition of the day is not as it was copied, nothing more is dropped: it is compared as if
    it were to be copied.

    Raises:
        ArchiveLost: Its server went away.
        LockNotAvailable: Locks were not free.
        Deferred: A task of the day is held now, or the guard refuses for another reason.
        Refused: The archive is not as it was when it was copied, or has rows that are missing here.
    """
    tell(CopyStep.RECOUNT)
    with or_contended(), archive_session(archive) as there:
        set_lock_timeout(there, locks.writers)
        with or_contended(there.connection(), locks.writers):
            day_copy.lock_copies(there, day.parts)
        changed, refusal = _changed(database, there, day), ""
        tell(CopyStep.DROP)
        for part in result.ready if not changed else ():
            there.execute(text("SELECT 1"))  # its locks are lost with its connection
            rest = tuple(one for one in day.parts if one.name not in result.dropped)
            refusal = _drop(database, replace(day, parts=rest), part, result, locks)
            if refusal:
                changed = [part]
                break
    if changed:
        moved = copy(database, archive, replace(day, parts=tuple(changed)), tell, locks)
        result.recopied = [name for name, one in moved.verdicts.items() if one is Verdict.CHANGED]
        if refusal and not result.recopied:
            raise Deferred(Deferral.of(Reason.GUARD, said=refusal))


def _changed(database: Database, there: Session, day: Day) -> list[Part]:
    """Return the partitions of a day with copies that differ from the newest proofs.

    Raises:
        Deferred: A task of the day in the archive is held; here its jobs may be gone already.
    """
    with database.session() as session:
        if tasks := holds.held_tasks(there, rows_of(there, ARCHIVED_JOBS, day), session):
            raise Deferred(Deferral.of(Reason.TASKS_HELD, tasks=listed(tasks)))
        newest = proofs.newest(session)
        names = {part: column_names(session, ddl.place(part)) for part in day.parts}
    return [
        part
        for part in day.parts
        if day_copy.archive_fingerprint(there, part, names[part])
        != proofs.target_of(newest[proofs.range_of(part)])
    ]


def _drop(database: Database, day: Day, part: Part, result: DropResult, locks: LockPolicy) -> str:
    """Have the guard drop a partition; return its refusal, empty if there is none."""
    try:
        work = partial(_guarded, day=day, part=part)
        rows = retry_transaction(database, work, locks.guarded, shortest=SHORTEST)
    except DBAPIError as error:
        if sqlstate(error) != RAISED_BY_FUNCTION:
            raise
        return str(error.orig).partition("\n")[0]
    result.dropped[part.name] = rows
    return ""


def _guarded(session: Session, day: Day, part: Part) -> int:
    lift_timeouts(session)
    if why := held_tasks(session, day):
        raise Deferred(why)
    return day_copy.drop(session, part)
