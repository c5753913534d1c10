"""Partitions of a month that was exported leave the database, once nothing can be lost by that.

The files are read first: they must have what their manifest says. All the rest is one transaction:
the partitions are locked against writers and counted; what they have must be what the files have,
and these still the same; only then they are dropped, those of all tables together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.archive import proofs
from pandadb.core.archive.layout import LIVE_OF
from pandadb.core.archive.months import Month
from pandadb.core.archive.parquet import manifests
from pandadb.core.archive.parquet.verification import fault_of_bytes
from pandadb.core.archive.transfer import month_drop
from pandadb.core.sql.table_columns import columns, named
from pandadb.errors import Outcome, PandaDBError
from pandadb.services.archive import patience
from pandadb.services.archive.months.export_check import fault
from pandadb.services.archive.months.exports import differing
from pandadb.services.archive.pandaid_index import note
from pandadb.services.archive.pauses import refuse_paused
from pandadb.services.archive.plans import refuse_strangers
from pandadb.services.archive.runs import TURN
from pandadb.services.archive.snapshot import be_slow
from pandadb.services.grants import act_as_owner
from pandadb.services.locks import be_patient, turn
from pandadb.services.lockwaits import LockNotAvailable, or_contended

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from pandadb.core.archive.parquet.manifests import Manifest
    from pandadb.database import Database
    from pandadb.services.archive.months.exports import Export

WRITERS = 3.0
"""Seconds for which somebody is waited for who writes into the month."""


class NotDropped(PandaDBError):
    """Partitions that must not be dropped, or not now."""


class NotDroppedNow(NotDropped):
    """A month that can be dropped later: locks were not free, or a run is at work."""

    outcome = Outcome.CONTENDED


@dataclass(frozen=True)
class Dropped:
    """What has left the database."""

    partitions: dict[str, int]
    """Rows of each partition that is gone."""
    beyond: dict[str, int]
    """Rows of the month in partitions that stay, since these have other times too."""


def drop(database: Database, month: str, folder: Path, *, proven: Export | None = None) -> Dropped:
    """Drop the partitions of a month that is exported in a folder, and write proofs of it.

    `proven` is what `export` has just returned: those files need not be read back once more.

    Raises:
        InvalidManifest: There is no export of the month.
        InvalidMonth: That is no month.
        NotDropped: The export is not what the database has, a task is held, or locks were not
            free; nothing was changed.
        NotTheOwner: The user of the database may not drop partitions.
        Paused: The archiver is paused.
    """
    wanted = Month.of(month)
    place = folder / str(wanted)
    manifest = manifests.read(place, str(wanted))
    refuse_strangers(database)
    refuse_paused(database)
    if why := None if _is_proven(proven, manifest) else fault(database, place, wanted, manifest):
        raise NotDropped(f"{month} was not dropped: {why}")
    with turn(database, TURN) as ours:
        if not ours:
            raise NotDroppedNow("A run of the archiver is at work: try again when it has ended")
        try:
            with database.session() as session:
                dropped = _drop(session, wanted, manifest, place)
        except LockNotAvailable as contended:
            raise NotDroppedNow(f"{month} was not dropped: {contended.words}") from None
        note(database)
        return dropped


def _is_proven(proven: Export | None, manifest: Manifest) -> bool:
    if proven is None:
        return False
    return (proven.month, proven.tables) == (manifest.month, manifest.tables)


def _drop(session: Session, month: Month, manifest: Manifest, place: Path) -> Dropped:
    # What others have committed while we waited for a lock must be seen.
    session.connection(execution_options={"isolation_level": "READ COMMITTED"})
    act_as_owner(session.connection(), local=True)
    be_slow(session)
    be_patient(session, WRITERS)
    with or_contended(session.connection(), WRITERS):
        going = month_drop.leaving(session, month)
    if not going.parts:
        return Dropped({}, {})
    if why := _mismatch(session, month, manifest):
        raise NotDropped(f"{month} was not dropped: {why}")
    now = month_drop.count(session, month, going)
    if why := differing(manifest, now.tables) or _changed(place, manifest):
        raise NotDropped(f"{month} was not dropped: {why}")
    for part, found in now.parts.items():
        proofs.prove(session, part, proofs.COPY, found, found)
    patience.within(session, lambda: month_drop.drop(session, going))
    return Dropped({part.name: found.rows for part, found in now.parts.items()}, now.beyond)


def _mismatch(session: Session, month: Month, manifest: Manifest) -> str | None:
    """Say why an export cannot stand for a month, as far as that is seen without counting."""
    exported = {table.table: table.columns for table in manifest.tables}
    for table in LIVE_OF:
        if exported.get(table) != columns(session, named(session, table)):
            return f"{table} has other columns than were exported"
    if tasks := month_drop.held_tasks(session, month):
        some = ", ".join(map(str, tasks[:5])) + (", …" if tasks[5:] else "")
        return f"it has jobs of tasks that are held: {some}"
    return None


def _changed(place: Path, manifest: Manifest) -> str | None:
    """Say which file is not what it was when it was read."""
    faults = (fault_of_bytes(place, table) for table in manifest.tables)
    return next(filter(None, faults), None)
