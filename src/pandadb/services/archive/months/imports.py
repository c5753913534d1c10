"""An exported month comes back into the archive, proven before anybody sees it.

The files have to be those that were written. Their rows are copied into tables beside the archive's
and counted there: rows and checksums must be those of the manifest. Then the tables are attached as
partitions of the month, all together, with their proofs. All that is one transaction, so who is
killed leaves nothing behind.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from pandadb.core.archive import proofs
from pandadb.core.archive.checksums import Fingerprint
from pandadb.core.archive.lookup import pandaid_index
from pandadb.core.archive.months import Month
from pandadb.core.archive.parquet import month_import
from pandadb.core.archive.parquet.files import UnreadableFile
from pandadb.core.archive.transfer import day_copy, month_drop, rows
from pandadb.core.jobs.csv_import import insertion
from pandadb.services.archive import patience
from pandadb.services.archive.copies.remote import reached, refuse_unready
from pandadb.services.archive.months.drop_exported import WRITERS
from pandadb.services.archive.months.import_check import (
    NotImported,
    is_missing,
    look,
    refuse_copies,
    refuse_doubles,
)
from pandadb.services.archive.pandaid_index import note
from pandadb.services.archive.pauses import refuse_paused
from pandadb.services.archive.plans import refuse_strangers
from pandadb.services.archive.restores import NotNow
from pandadb.services.archive.runs import TURN
from pandadb.services.archive.snapshot import be_slow
from pandadb.services.archive.throttle import Limits, Throttle
from pandadb.services.failures import explain
from pandadb.services.grants import act_as_owner
from pandadb.services.locks import be_patient, turn
from pandadb.services.lockwaits import Contended, or_contended
from pandadb.services.maintenance import noted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part
    from pandadb.core.archive.parquet.manifests import Filed
    from pandadb.core.archive.transfer.month_drop import Leaving
    from pandadb.database import Database
    from pandadb.services.archive.months.import_check import Files, Import

LOADERS = 300.0
"""Seconds for which a load of jobs is waited for."""
NOTHING = Fingerprint(0, 0)


@dataclass(frozen=True)
class Loading:
    """Where an import is."""

    month: str
    table: str
    done: int
    """Rows of all tables that are loaded."""
    of: int
    waiting: str | None = None
    """What it waits for."""


def import_month(
    database: Database,
    month: str,
    folder: Path,
    *,
    archive: Database | None = None,
    limits: Limits | None = None,
    tell: Callable[[Loading], None] = lambda _: None,
) -> Import:
    """Take a month (`2026-09`) that was exported into a folder back into the archive, and prove it.

    With `archive` it comes to this other database. Tables that have all of their rows already stay
    as they are, so it can be repeated.

    Raises:
        BadArchive: The other database cannot be the archive.
        BadManifest: There is no export of the month.
        BadMonth: That is no month.
        NoExports: There is no such folder.
        NotImported: The files are not as they were written, rows of the month or its jobs are there
            already, or the archive lacks a column.
        NotNow: Locks were not free, or another run is at work.
        NotTheOwner: The user of the database may not make partitions.
        ParquetMissing: The extra `parquet` is not installed.
        Paused: The archiver is paused.
    """
    Month.of(month)
    if archive:
        refuse_unready(database, archive)
    refuse_strangers(archive or database)
    with noted(database, "archive import") as run, ExitStack() as turns:
        run.why = month
        refuse_paused(database)
        for one in filter(None, (database, archive)):
            if not turns.enter_context(turn(one, TURN)):
                raise NotNow("Another run is at work: try again when it has ended")
        found = look(database, archive, month, folder)
        if found.missing:
            steps = _Steps(found, Throttle(database, limits or Limits()), tell)
            steps.begin()
            _import(database, archive, found, steps)
            note(archive or database)
        return found.result()


@dataclass
class _Steps:
    """Tells how far an import is, and waits where that is asked for."""

    files: Files
    throttle: Throttle
    tell: Callable[[Loading], None]
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
        self.tell(Loading(str(self.files.month), table, self.done + rows, of, why))


def _import(database: Database, archive: Database | None, files: Files, steps: _Steps) -> None:
    try:
        with (
            database.session() as live,
            reached(archive or database) as there,
            or_contended(there.connection(), WRITERS),
        ):
            be_patient(there, WRITERS)
            counted = {}
            for table in files.missing:
                part = month_import.part_of(there, table, files.month)
                counted[part] = _fill(there, part, files, table, steps)
            _finish(live, there if archive else None, files)
            _attach(there, files, counted)
    except UnreadableFile as error:
        raise NotImported(f"{files.month} was not imported: {error}") from None
    except IntegrityError as error:  # of rows that have come to the DEFAULT partition, or twice
        raise NotImported(f"{files.month} was not imported: {explain(error)}") from None
    except Contended as why:
        raise NotNow(f"{files.month} was not imported: {why.words}") from None


def _fill(there: Session, part: Part, files: Files, table: Filed, steps: _Steps) -> Fingerprint:
    def before(rows: int) -> None:
        steps.before(table.table, rows)

    found = month_import.fill(there, part, files.manifest, table, files.folder, before=before)
    steps.done += table.rows
    return found


def _finish(live: Session, archive: Session | None, files: Files) -> None:
    """Refuse jobs that have come while the month was loaded; `jobs load` waits until its commit."""
    act_as_owner(live.connection(), local=True)
    be_slow(live)
    be_patient(live, LOADERS)
    with or_contended(live.connection(), LOADERS):
        live.execute(insertion.LOADING)
    refuse_doubles(live, files)
    if archive:
        refuse_copies(live, archive, files)


def _attach(there: Session, files: Files, counted: dict[Part, Fingerprint]) -> None:
    """Attach the tables, in place of empty partitions of the month, and add their proofs."""
    empty = month_drop.leaving(there, files.month, [table.table for table in files.missing])
    for table in files.missing:
        if not is_missing(there, files.month, table):
            raise NotImported(f"{files.month} was not imported: {table.table} has got its rows")
    for part in empty.parts:
        proofs.prove(there, part, proofs.COPY, NOTHING, NOTHING)
    for part, found in counted.items():
        proofs.prove(there, part, rows.MERGE, found, found)
    pandaid_index.forget(there, files.month)
    patience.within(there, lambda: _swap(there, empty, counted))


def _swap(there: Session, empty: Leaving, parts: Collection[Part]) -> None:
    if empty.parts:
        month_drop.drop(there, empty)
    day_copy.attach(there, parts, {})
