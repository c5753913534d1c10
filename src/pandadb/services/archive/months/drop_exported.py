"""Partitions of a month that was exported are dropped, once no row can be lost by that.

The files are read first: they must agree with their manifest. All the rest is one transaction: the
partitions are locked against writers and counted; their rows must be those of the files, and
the files unchanged; only then they are dropped, those of all tables together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.archive import proofs
from pandadb.core.archive.deferrals import listed
from pandadb.core.archive.holds import held_tasks
from pandadb.core.archive.layout import ARCHIVED_JOBS, LIVE_OF
from pandadb.core.archive.months import Month, rows_of
from pandadb.core.archive.parquet import manifests
from pandadb.core.archive.parquet.verification import fault_of_bytes
from pandadb.core.archive.transfer import month_partitions
from pandadb.core.sql.table_columns import columns, named
from pandadb.errors import Outcome, PandaDBError
from pandadb.services.archive.after_days.pandaid_index import note
from pandadb.services.archive.exchange import lock_month, prove_and_exchange
from pandadb.services.archive.months.export_check import fault
from pandadb.services.archive.months.exports import differing
from pandadb.services.archive.pauses import refuse_paused
from pandadb.services.archive.plans import refuse_strangers
from pandadb.services.archive.run_lock import run_lock
from pandadb.services.archive.transactions import locking
from pandadb.services.locks import LOCK_POLICY, LockPolicy
from pandadb.services.lockwaits import LockNotAvailable

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from pandadb.core.archive.parquet.manifests import Manifest
    from pandadb.database import Database
    from pandadb.services.archive.months.exports import Export


class NotDropped(PandaDBError):
    """Partitions that must not be dropped, or not now."""


class NotDroppedNow(NotDropped):
    """A month that can be dropped later: locks were not free, or a run is in progress."""

    outcome = Outcome.CONTENDED


@dataclass(frozen=True)
class DroppedMonth:
    """The partitions that have left the database."""

    partitions: dict[str, int]
    """Rows of each partition that is gone."""
    beyond: dict[str, int]
    """Rows of the month in partitions that stay, since these have other times too."""


def drop(
    database: Database,
    month: str,
    folder: Path,
    *,
    proven: Export | None = None,
    locks: LockPolicy = LOCK_POLICY,
) -> DroppedMonth:
    """Drop the partitions of a month that is exported in a folder, and write proofs of it.

    `proven` is the result of an `export` just before: its files need not be read back once more.

    Raises:
        InvalidManifest: There is no export of the month.
        InvalidMonth: That is no month.
        NotDropped: The export differs from the database, a task is held, or locks were not
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
    with run_lock(database) as ours:
        if not ours:
            raise NotDroppedNow("A run of the archiver is at work: try again when it has ended")
        try:
            with locking(database, locks.writers) as session:
                dropped = _drop(session, wanted, manifest, place, locks)
        except LockNotAvailable as error:
            raise NotDroppedNow(f"{month} was not dropped: {error.words}") from None
        note(database)
        return dropped


def _is_proven(proven: Export | None, manifest: Manifest) -> bool:
    if proven is None:
        return False
    return (proven.month, proven.tables) == (manifest.month, manifest.tables)


def _drop(
    session: Session, month: Month, manifest: Manifest, place: Path, locks: LockPolicy
) -> DroppedMonth:
    there = lock_month(session, month, locks)
    if not there.parts:
        return DroppedMonth({}, {})
    if why := _mismatch(session, month, manifest):
        raise NotDropped(f"{month} was not dropped: {why}")
    now = month_partitions.count(session, month, there)
    if why := differing(manifest, now.tables) or _changed(place, manifest):
        raise NotDropped(f"{month} was not dropped: {why}")
    prove_and_exchange(session, now.parts, {}, proofs.COPY, locks)
    return DroppedMonth({part.name: found.rows for part, found in now.parts.items()}, now.beyond)


def _mismatch(session: Session, month: Month, manifest: Manifest) -> str | None:
    """Return why an export is not that of a month, as far as that needs no count."""
    exported = {table.table: table.columns for table in manifest.tables}
    for table in LIVE_OF:
        if exported.get(table) != columns(session, named(session, table)):
            return f"{table} has other columns than were exported"
    if tasks := held_tasks(session, rows_of(session, ARCHIVED_JOBS, month)):
        return f"it has jobs of tasks that are held: {listed(tasks)}"
    return None


def _changed(place: Path, manifest: Manifest) -> str | None:
    """Return the fault of a file that has changed since it was read."""
    faults = (fault_of_bytes(place, table) for table in manifest.tables)
    return next(filter(None, faults), None)
