"""A day that was copied to another database comes back, by COPY too; its copy stays there.

All of it is one transaction here, so nobody sees a part of a day. What has not been dropped yet
stays as it is, and is not dropped any more.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from psycopg import sql

from pandadb.core.archive import proofs
from pandadb.core.archive.checksums import fingerprint, fingerprint_of
from pandadb.core.archive.deferrals import Deferral, Reason
from pandadb.core.archive.layout import LIVE_OF, days
from pandadb.core.archive.transfer import day_copy
from pandadb.core.partitions import catalog
from pandadb.core.sql.table_columns import columns
from pandadb.services.archive import patience
from pandadb.services.archive.copies.day_copy import CopyStep, Refused
from pandadb.services.archive.copies.remote import reached
from pandadb.services.archive.plans import NoSuchDay, obstacle
from pandadb.services.archive.snapshot import be_slow, snapshot
from pandadb.services.archive.swaps import Moved, PutOff, Verdict
from pandadb.services.grants import act_as_owner
from pandadb.services.lockwaits import or_contended

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from sqlalchemy.orm import Session

    from pandadb.core.archive.checksums import Fingerprint
    from pandadb.core.archive.layout import Day, Part
    from pandadb.database import Database


def bring(
    database: Database, archive: Database, day: date, tell: Callable[[CopyStep], None]
) -> Moved:
    """Copy a day back from the archive, and prove it; the ledger says then that it must stay.

    Raises:
        ArchiveLost: The archive's server went away.
        LockNotAvailable: Locks were not free.
        NoSuchDay: The archive has no such day.
        PutOff: It has not gone, or its place is taken.
        Refused: What has arrived is not what was read.
    """
    tell(CopyStep.COPY)
    with or_contended():
        with reached(archive) as there, snapshot(database) as live:
            going, stay = _going(there, live, day)
            if going.deferral:
                raise PutOff(going.deferral)
        with reached(archive) as there, database.session() as live:
            act_as_owner(live.connection(), local=True)
            be_slow(live)
            return _bring(there, live, going, stay, tell)


def bringable(database: Database, archive: Database, day: date) -> Day:
    """Return what of a day would come back, and what puts that off.

    Raises:
        ArchiveLost: The archive's server went away.
        NoSuchDay: The archive has no such day.
    """
    with reached(archive) as there, snapshot(database) as live:
        return _going(there, live, day)[0]


def _going(there: Session, live: Session, day: date) -> tuple[Day, dict[Part, Fingerprint]]:
    """Return what is to come back, and what has not been dropped yet, counted."""
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
    if not here or proofs.is_among(part, proofs.gone(live)):
        return None
    return fingerprint(live, here[0].schema, here[0].name)


def _bring(
    there: Session,
    live: Session,
    going: Day,
    stay: dict[Part, Fingerprint],
    tell: Callable[[CopyStep], None],
) -> Moved:
    before = {}
    for part in going.parts:
        place = sql.Identifier(part.schema, part.name)
        names = [column.name for column in columns(there, place)]
        day_copy.fill(there, live, part)
        day_copy.build(live, part)
        before[part] = fingerprint_of(there, names, place)
        if day_copy.fresh(live, part, names) != before[part]:
            raise Refused({part.name: f"{part.new_name} is not what was read from the archive"})
    tell(CopyStep.ATTACH)
    began = time.monotonic()
    patience.within(live, lambda: day_copy.attach(live, going.parts, {}))
    for part, found in (before | stay).items():
        proofs.prove(live, part, proofs.RESTORE, found, found)
        proofs.enter(live, part, proofs.NEVER)
    rows = {part.live_name: found.rows for part, found in before.items()}
    locked = time.monotonic() - began
    return Moved(going, rows, [], dict.fromkeys(rows, Verdict.SAME), locked)
