"""A day that was copied to another database comes back, by COPY too; its copy stays there.

All of it is one transaction here, so no reader finds a part of a day. Partitions that have not been
dropped yet stay as they are, and are not dropped any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pandadb.core.archive import ledger, proofs
from pandadb.core.archive.checksums import fingerprint, fingerprint_of
from pandadb.core.archive.deferrals import Deferral, Reason
from pandadb.core.archive.layout import LIVE_OF, days
from pandadb.core.archive.transfer import control_rows, ddl, staging
from pandadb.core.partitions import catalog
from pandadb.core.sql.table_columns import column_names
from pandadb.services.archive.copies.day_copy import CopyRefused
from pandadb.services.archive.copies.remote import archive_session
from pandadb.services.archive.exchange import prove_and_exchange
from pandadb.services.archive.plans import NoSuchDay, obstacle
from pandadb.services.archive.report import CopyStep, Deferred, MovedDay, Verdict
from pandadb.services.archive.transactions import lift_timeouts, snapshot
from pandadb.services.grants import act_as_owner
from pandadb.services.lockwaits import or_contended

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from sqlalchemy.orm import Session

    from pandadb.core.archive.checksums import Fingerprint
    from pandadb.core.archive.layout import Day, Part
    from pandadb.database import Database
    from pandadb.services.locks import LockPolicy


def copy_back(
    database: Database,
    archive: Database,
    day: date,
    tell: Callable[[CopyStep], None],
    locks: LockPolicy,
) -> MovedDay:
    """Copy a day back from the archive, and prove it; the ledger says then that it must stay.

    Raises:
        ArchiveLost: The archive's server went away.
        LockNotAvailable: Locks were not free.
        NoSuchDay: The archive has no such day.
        Deferred: It has not gone, or its place is taken.
        Refused: The copy is not what was read.
    """
    tell(CopyStep.COPY)
    with or_contended():
        with archive_session(archive) as there, snapshot(database) as live:
            going, stay = _going(there, live, day)
            if going.deferral:
                raise Deferred(going.deferral)
        with archive_session(archive) as there, database.session() as live:
            act_as_owner(live.connection(), local=True)
            lift_timeouts(live)
            return _copy_back(there, live, going, stay, tell, locks=locks)


def returnable(database: Database, archive: Database, day: date) -> Day:
    """Return the part of a day that would come back, and the reason why it would not.

    Raises:
        ArchiveLost: The archive's server went away.
        NoSuchDay: The archive has no such day.
    """
    with archive_session(archive) as there, snapshot(database) as live:
        return _going(there, live, day)[0]


def _going(there: Session, live: Session, day: date) -> tuple[Day, dict[Part, Fingerprint]]:
    """Return the part of a day that is to come back, and the counts of what is still here."""
    found = _find(there, day)
    stay = {part: now for part in found.parts if (now := _still_here(live, part))}
    going = replace(found, parts=tuple(part for part in found.parts if part not in stay))
    why = obstacle(live, going) if going.parts else Deferral.of(Reason.STILL_LIVE)
    return going.deferred(why), stay


def _find(there: Session, day: date) -> Day:
    for found in days(catalog.partitions(there, LIVE_OF), LIVE_OF):
        if found.has(day):
            return found
    raise NoSuchDay(f"No partition of the archive has the day {day}: pandadb archive verify")


def _still_here(live: Session, part: Part) -> Fingerprint | None:
    """Count a partition that was copied and is not dropped yet; None if it is gone."""
    here = [one for one in catalog.partitions(live, [part.target])[part.target]
            if (one.lower, one.upper) == (part.lower, part.upper)]  # fmt: skip
    if not here or ledger.is_among(part, ledger.gone(live)):
        return None
    return fingerprint(live, here[0].schema, here[0].name)


def _copy_back(
    there: Session,
    live: Session,
    going: Day,
    stay: dict[Part, Fingerprint],
    tell: Callable[[CopyStep], None],
    *,
    locks: LockPolicy,
) -> MovedDay:
    back = {part: _copy(there, live, part) for part in going.parts}
    control_rows.restore_day(live, there, going)
    tell(CopyStep.ATTACH)
    locked = prove_and_exchange(live, {}, back, proofs.RESTORE, locks)
    for part, found in stay.items():
        proofs.prove(live, part, proofs.RESTORE, found, found)
    for part in (*back, *stay):
        ledger.enter(live, part, ledger.MUST_NOT)
    rows = {part.live_name: found.rows for part, found in back.items()}
    return MovedDay(going, rows, [], dict.fromkeys(rows, Verdict.SAME), locked)


def _copy(there: Session, live: Session, part: Part) -> Fingerprint:
    """Copy a partition into a staged table; return its fingerprint.

    Raises:
        Refused: The copy is not what was read.
    """
    names = column_names(there, ddl.place(part))
    staging.copy(there, live, part)
    staging.build(live, part)
    found = fingerprint_of(there, names, ddl.place(part))
    if staging.count(live, part, names) != found:
        raise CopyRefused({part.name: f"{part.new_name} is not what was read from the archive"})
    return found
