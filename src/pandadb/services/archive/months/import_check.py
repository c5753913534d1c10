"""Whether an exported month can come back: its files, and the rows that are there already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.archive.deferrals import listed
from pandadb.core.archive.months import Month
from pandadb.core.archive.parquet import manifests, month_import
from pandadb.core.archive.parquet.files import UnreadableFile
from pandadb.core.archive.parquet.libraries import library
from pandadb.core.archive.parquet.verification import fault_of_files
from pandadb.errors import PandaDBError
from pandadb.services import schema
from pandadb.services.archive.copies.remote import refuse_unready
from pandadb.services.archive.months.export_check import exported_months
from pandadb.services.archive.transactions import snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from pandadb.core.archive.parquet.manifests import Filed, Manifest
    from pandadb.database import Database


class NotImported(PandaDBError):
    """An exported month that cannot come back; nothing was changed."""


@dataclass(frozen=True)
class Import:
    """An exported month that has come back, or would."""

    month: str
    folder: Path
    rows: dict[str, int] = field(default_factory=dict)
    """How many have come to each table of the archive."""
    present: list[str] = field(default_factory=list)
    """Tables that had all of their rows already, or have no rows in the month."""


@dataclass(frozen=True)
class ImportFiles:
    """An export with files as they were written, and the tables that the archive lacks."""

    month: Month
    folder: Path
    manifest: Manifest
    missing: list[Filed] = field(default_factory=list)

    def result(self) -> Import:
        """Return the result of its import."""
        tables = [table.table for table in self.missing]
        present = [one.table for one in self.manifest.tables if one.table not in tables]
        return Import(
            str(self.month), self.folder, {one.table: one.rows for one in self.missing}, present
        )


def importable(
    database: Database, month: str, folder: Path, *, archive: Database | None = None
) -> Import:
    """Return the result that an import of a month would have; nothing is changed.

    Raises:
        InvalidManifest: There is no export of the month.
        InvalidMonth: That is no month.
        NoExports: There is no such folder.
        NotImported: It cannot come back.
        ParquetMissing: The extra `parquet` is not installed.
    """
    if archive:
        refuse_unready(database, archive)
    return examine(database, archive, month, folder).result()


def examine(database: Database, archive: Database | None, month: str, folder: Path) -> ImportFiles:
    """Return an export that may come, as far as that is seen before it is loaded.

    Raises:
        As `importable`.
    """
    wanted = Month.of(month)
    library("pyarrow")
    schema.refuse_other_names(database)
    place = dict(exported_months(folder)).get(str(wanted), folder / str(wanted))
    manifest = manifests.read(place, str(wanted))
    if why := fault_of_files(place, manifest):
        raise NotImported(f"{wanted} was not imported: {why}")
    with snapshot(archive or database) as there:
        missing = [one for one in manifest.tables if is_missing(there, wanted, one)]
    found = ImportFiles(wanted, place, manifest, missing)
    with snapshot(database) as live:
        refuse_doubles(live, found)
        if archive:
            with snapshot(archive) as there:
                refuse_copies(live, there, found)
    return found


def is_missing(there: Session, month: Month, table: Filed) -> bool:
    """Return whether the archive's table has no row of a month that was exported.

    Raises:
        NotImported: It has other rows than the file, or cannot have those of the file.
    """
    if why := month_import.lacking(there, table):
        raise NotImported(f"{month} was not imported: {why}")
    found = month_import.present(there, table, month)
    if found == table.fingerprint:
        return False
    if found.rows:
        raise NotImported(
            f"{month} was not imported: {table.table} has {found.rows} rows of that month, "
            f"which are not the {table.rows} that were exported. Restore these, import, and have "
            "them archived again"
        )
    if why := month_import.obstacle(there, table, month):
        raise NotImported(f"{month} was not imported: {why}")
    return True


def refuse_copies(live: Session, there: Session, files: ImportFiles) -> None:
    """Refuse jobs of the database that is the archive, and those in the archive of the other one.

    Raises:
        NotImported: There are some.
    """
    refuse_doubles(there, files)
    refuse_doubles(live, files, live=False)


def refuse_doubles(session: Session, files: ImportFiles, *, live: bool = True) -> None:
    """Refuse jobs that a database has already; see `month_import.doubles`.

    Raises:
        NotImported: It has some.
    """
    for table in files.missing:
        try:
            found = month_import.doubles(session, table, files.month, files.folder, live=live)
        except UnreadableFile as error:
            raise NotImported(f"{files.month} was not imported: {error}") from None
        if found:
            name, pandaids = found
            raise NotImported(f"{files.month} was not imported: {name} has jobs of {table.file} "
                              f"already: {listed(pandaids)}")  # fmt: skip
