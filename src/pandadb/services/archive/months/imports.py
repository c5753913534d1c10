"""An exported month comes back into the archive, proven before any reader sees it.

The files have to be those that were written. Their rows are copied into tables beside the archive's
and counted there: rows and checksums must be those of the manifest. Then the tables are attached as
partitions of the month, all together, with their proofs. All that is one transaction: an
interrupted import leaves nothing behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from pandadb.core.archive.checksums import Fingerprint
from pandadb.core.archive.lookup import pandaid_index
from pandadb.core.archive.months import Month
from pandadb.core.archive.parquet import month_import
from pandadb.core.archive.parquet.files import UnreadableFile
from pandadb.core.archive.transfer import month_partitions, rows
from pandadb.core.jobs.csv_import import insertion
from pandadb.services.archive.after_days.pandaid_index import note
from pandadb.services.archive.copies.remote import archive_session, refuse_unready
from pandadb.services.archive.exchange import prove_and_exchange
from pandadb.services.archive.months.import_check import (
    NotImported,
    examine,
    is_missing,
    refuse_copies,
    refuse_doubles,
)
from pandadb.services.archive.pauses import refuse_paused
from pandadb.services.archive.plans import refuse_strangers
from pandadb.services.archive.run_lock import ArchiveBusy, only_run
from pandadb.services.archive.throttle import Limits, Throttle
from pandadb.services.archive.transactions import lift_timeouts
from pandadb.services.failures import explain
from pandadb.services.grants import act_as_owner
from pandadb.services.locks import set_lock_timeout
from pandadb.services.lockwaits import LockNotAvailable, or_contended
from pandadb.services.maintenance import noted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part
    from pandadb.core.archive.parquet.manifests import Filed
    from pandadb.database import Database
    from pandadb.services.archive.months.import_check import Import, ImportFiles
    from pandadb.services.locks import LockPolicy

EMPTY = Fingerprint(0, 0)


@dataclass(frozen=True)
class ImportProgress:
    """The progress of an import."""

    month: str
    table: str
    done: int
    """Rows of all tables that are loaded."""
    of: int
    waiting: str | None = None
    """The reason of a wait."""


def import_month(
    database: Database,
    month: str,
    folder: Path,
    *,
    archive: Database | None = None,
    limits: Limits | None = None,
    tell: Callable[[ImportProgress], None] = lambda _: None,
) -> Import:
    """Take a month (`2026-09`) that was exported into a folder back into the archive, and prove it.

    With `archive` it comes to this other database. Tables that have all of their rows already stay
    as they are, so it can be repeated.

    Raises:
        InvalidArchive: The other database cannot be the archive.
        InvalidManifest: There is no export of the month.
        InvalidMonth: That is no month.
        NoExports: There is no such folder.
        NotImported: The files are not as they were written, rows of the month or its jobs are there
            already, or the archive lacks a column.
        ArchiveBusy: Locks were not free, or another run is at work.
        NotTheOwner: The user of the database may not make partitions.
        ParquetMissing: The extra `parquet` is not installed.
        Paused: The archiver is paused.
    """
    Month.of(month)
    if archive:
        refuse_unready(database, archive)
    refuse_strangers(archive or database)
    with noted(database, "archive import") as run:
        run.why = month
        refuse_paused(database)
        with only_run(database, archive):
            found = examine(database, archive, month, folder)
            if found.missing:
                steps = _Steps(found, Throttle(database, limits or Limits()), tell)
                steps.begin()
                _import(database, archive, found, steps)
                note(archive or database)
            return found.result()


@dataclass
class _Steps:
    """The steps of an import: reported, and begun only when nothing has to be waited for."""

    files: ImportFiles
    throttle: Throttle
    tell: Callable[[ImportProgress], None]
    done: int = 0

    def begin(self) -> None:
        """Wait as long as something asks for it, before anything is locked."""
        self.throttle.wait(lambda why: self._tell(self.files.missing[0].table, 0, why))

    def before(self, table: str, rows: int) -> None:
        """Wait as long as something asks for it, before more rows of a table are loaded."""
        self._tell(table, rows)
        self.throttle.wait(lambda why: self._tell(table, rows, why), holding=True)

    def _tell(self, table: str, rows: int, why: str | None = None) -> None:
        of = sum(one.rows for one in self.files.missing)
        self.tell(ImportProgress(str(self.files.month), table, self.done + rows, of, why))


def _import(
    database: Database, archive: Database | None, files: ImportFiles, steps: _Steps
) -> None:
    locks = steps.throttle.limits.locks
    try:
        with (
            database.session() as live,
            archive_session(archive or database) as there,
            or_contended(there.connection(), locks.writers),
        ):
            set_lock_timeout(there, locks.writers)
            counted = {}
            for table in files.missing:
                part = month_partitions.whole(there, table.table, files.month)
                counted[part] = _fill(there, part, files, table, steps)
            _refuse_late_jobs(live, there if archive else None, files, locks)
            _attach(there, files, counted, locks)
    except UnreadableFile as error:
        raise NotImported(f"{files.month} was not imported: {error}") from None
    except IntegrityError as error:  # of rows that have come to the DEFAULT partition, or twice
        raise NotImported(f"{files.month} was not imported: {explain(error)}") from None
    except LockNotAvailable as why:
        raise ArchiveBusy(f"{files.month} was not imported: {why.words}") from None


def _fill(
    there: Session, part: Part, files: ImportFiles, table: Filed, steps: _Steps
) -> Fingerprint:
    def before(rows: int) -> None:
        steps.before(table.table, rows)

    found = month_import.fill(there, part, files.manifest, table, files.folder, before=before)
    steps.done += table.rows
    return found


def _refuse_late_jobs(
    live: Session, archive: Session | None, files: ImportFiles, locks: LockPolicy
) -> None:
    """Refuse jobs that have come while the month was loaded; `jobs load` waits until the commit."""
    act_as_owner(live.connection(), local=True)
    lift_timeouts(live)
    set_lock_timeout(live, locks.loads)
    with or_contended(live.connection(), locks.loads):
        live.execute(insertion.LOCK_LOADING)
    refuse_doubles(live, files)
    if archive:
        refuse_copies(live, archive, files)


def _attach(
    there: Session, files: ImportFiles, counted: dict[Part, Fingerprint], locks: LockPolicy
) -> None:
    """Attach the tables, in place of empty partitions of the month, and add their proofs."""
    tables = [table.table for table in files.missing]
    empty = month_partitions.lock(there, files.month, tables)
    for table in files.missing:
        if not is_missing(there, files.month, table):
            raise NotImported(f"{files.month} was not imported: {table.table} has got its rows")
    pandaid_index.forget(there, files.month)
    leaving = dict.fromkeys(empty.parts, EMPTY)
    prove_and_exchange(there, leaving, counted, rows.MERGE, locks)
