"""A month of the archive as Parquet files, read back and proven before they count.

All tables are read in one snapshot, so that jobs and their satellites fit together. The files are
written to a folder beside, which is renamed when all of it is proven and synced to the disk.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF
from pandadb.core.archive.months import Month, fingerprint_of_month, rows_of
from pandadb.core.archive.parquet import files, manifests, values
from pandadb.core.archive.parquet.libraries import library
from pandadb.core.archive.parquet.manifests import Filed, Manifest
from pandadb.core.archive.parquet.verification import fault_of_bytes
from pandadb.core.partitions import catalog
from pandadb.core.sql.table_columns import columns, named
from pandadb.errors import Outcome, PandaDBError
from pandadb.services import schema
from pandadb.services.archive.months.export_check import fault
from pandadb.services.archive.pauses import refuse_paused
from pandadb.services.archive.transactions import snapshot
from pandadb.services.locks import advisory_lock
from pandadb.services.maintenance import noted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from pandadb.core.archive.checksums import Fingerprint
    from pandadb.database import Database

EXPORT = "hashtextextended('pandadb archive export', 0)"


class NotExported(PandaDBError):
    """A month that cannot be exported, or has an export that does not fit."""


class AnotherExport(NotExported):
    """An export that does not begin, as another one is at work."""

    outcome = Outcome.CONTENDED


@dataclass(frozen=True)
class ExportPreview:
    """The rows and partitions of a month, before it is exported."""

    month: str
    rows: dict[str, int]
    """Of each table, as the last ANALYZE has found them; without those of partitions beyond."""
    partitions: list[str]
    """Partitions of this month alone: those that could be dropped."""
    beyond: list[str]
    """Partitions that have other times, too: they would stay."""
    live: list[str]
    """Partitions of live tables that have times of this month: they are not exported."""


@dataclass(frozen=True)
class Export:
    """A month in Parquet files."""

    month: str
    folder: Path
    tables: list[Filed]
    is_new: bool
    """Whether it was made now; else it was there, and is as it should be."""
    is_gone: bool = False
    """Whether the database has nothing of the month any more."""


def preview(database: Database, month: str) -> ExportPreview:
    """Return the rows and partitions of a month; nothing is read but the catalogue."""
    wanted = Month.of(month)
    with database.session() as session:
        there = catalog.partitions(session, [*LIVE_OF, *ARCHIVE_OF])
    of = {table: [one for one in there[table] if wanted.has(one)] for table in LIVE_OF}
    touched = {
        table: [one.name for one in ones if one.overlaps(wanted.lower, wanted.upper)]
        for table, ones in there.items()
    }
    ours = [one.name for ones in of.values() for one in ones]
    return ExportPreview(
        str(wanted),
        {table: sum(one.rows for one in ones) for table, ones in of.items()},
        ours,
        [name for table in LIVE_OF for name in touched[table] if name not in ours],
        [name for table in ARCHIVE_OF for name in touched[table]],
    )


def export(
    database: Database,
    month: str,
    folder: Path,
    *,
    overwrite: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Export:
    """Write a month (`2026-09`) of the archive into a folder of that name, and prove it.

    An export that is there and fits is left as it is; `overwrite` replaces one that does not. One
    that has rows that the database has not is never replaced: it may be all that is left of them.

    Raises:
        InvalidMonth: That is no month.
        MigrationError: The settings give schemas other names.
        NotExported: There is nothing to export, or an export that does not fit, or no proof.
        OddValue: Parquet cannot have a value.
        ParquetMissing: The extra `parquet` is not installed.
        Paused: The archiver is paused.
    """
    wanted = Month.of(month)
    library("pyarrow")
    with noted(database, "archive export") as note:
        note.why = str(wanted)
        schema.refuse_other_names(database)
        refuse_paused(database)
        return _export(database, wanted, folder, overwrite, tell)


def _export(
    database: Database, wanted: Month, folder: Path, overwrite: bool, tell: Callable[[str], None]
) -> Export:
    with advisory_lock(database, EXPORT) as ours:
        if not ours:
            raise AnotherExport("Another export is at work: try again when it has ended")
        place = folder / str(wanted)
        _recover(place)
        if place.exists():
            why, standing = _standing(database, wanted, place, tell)
            if standing:
                return standing
            if not (overwrite and (place / manifests.NAME).is_file()):
                raise NotExported(f"{place} does not fit: {why}. --overwrite replaces an export")
        return _make(database, wanted, place, tell)


def _recover(place: Path) -> None:
    """Put back an export that was being replaced when the run was interrupted."""
    if _beside(place, "old").exists() and not place.exists():
        _beside(place, "old").rename(place)
    for name in ("part", "old"):
        shutil.rmtree(_beside(place, name), ignore_errors=True)


def _beside(place: Path, what: str) -> Path:
    return place.with_name(f".{place.name}.{what}")


def _standing(
    database: Database, month: Month, place: Path, tell: Callable[[str], None]
) -> tuple[str, Export | None]:
    """Return an export that is there, or why it does not fit."""
    try:
        manifest = manifests.read(place, str(month))
    except manifests.InvalidManifest as error:
        return str(error), None
    if why := fault(database, place, month, manifest, tell=tell):
        return why, None
    with snapshot(database) as session:
        now = {table.table: fingerprint_of_month(session, table.table, month)
               for table in manifest.tables}  # fmt: skip
    is_gone = not any(found.rows for found in now.values())
    if not is_gone and (why := differing(manifest, now)):
        return why, None
    return "", Export(str(month), place, manifest.tables, is_new=False, is_gone=is_gone)


def differing(manifest: Manifest, now: dict[str, Fingerprint]) -> str | None:
    """Return the table that has other rows now than when it was exported, in a sentence."""
    for table in manifest.tables:
        if now[table.table] != table.fingerprint:
            return (
                f"{table.table} has other rows of {manifest.month} than were exported: "
                f"{now[table.table].rows} now, {table.rows} then"
            )
    return None


def _make(database: Database, month: Month, place: Path, tell: Callable[[str], None]) -> Export:
    part = _beside(place, "part")
    part.mkdir(parents=True)
    try:
        manifest = _write(database, month, part, tell)
        _prove(database, month, part, manifest, tell)
        _refuse_to_lose(place, part, manifest)
        manifests.write(part, manifest)
        _name(part, place)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return Export(str(month), place, manifest.tables, is_new=True)


def _write(database: Database, month: Month, part: Path, tell: Callable[[str], None]) -> Manifest:
    at = schema.current(database)
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    manifest = Manifest(str(month), now, version("pandadb"), at.revision, at.panda, [])
    with snapshot(database) as session:
        if month.upper > catalog.now(session):
            raise NotExported(f"The month {month} has not ended")
        for table in LIVE_OF:
            tell(f"writing {table}")
            manifest.tables.append(_filed(session, manifest, table, month, part))
    if not any(table.rows for table in manifest.tables):
        raise NotExported(f"The archive has nothing of {month}")
    return manifest


def _prove(
    database: Database, month: Month, part: Path, manifest: Manifest, tell: Callable[[str], None]
) -> None:
    if why := fault(database, part, month, manifest, tell=tell):
        raise NotExported(f"Nothing was exported, since not what was read was written: {why}")


def _filed(session: Session, manifest: Manifest, table: str, month: Month, part: Path) -> Filed:
    path = part / manifests.file_name(table)
    has = columns(session, named(session, table))
    found = fingerprint_of_month(session, table, month)
    rows = rows_of(session, table, month)
    filed = Filed(table, path.name, found.rows, found.sum, 0, "", None, has)
    files.write(path, manifest.label(filed), values.batches(session, table, has, rows))
    return replace(
        filed,
        bytes=path.stat().st_size,
        sha256=files.sha256(path),
        pandaids=files.pandaids(path),
    )


def _refuse_to_lose(place: Path, part: Path, new: Manifest) -> None:
    """Refuse to replace an export that may be all that is left of its rows.

    To count is not enough: those that were dropped may have been followed by more others. Nor is
    the old manifest: the files themselves are asked, as long as they can be read.
    """
    if not place.exists():
        return
    try:
        old = {table.table: table for table in manifests.read(place, new.month).tables}
    except manifests.InvalidManifest:
        old = {}
    known = {manifests.NAME, *(table.file for table in new.tables)}
    if strange := sorted({path.name for path in place.iterdir()} - known):
        raise NotExported(f"{place} has {strange[0]}, which no export has: move it elsewhere")
    for table in new.tables:
        if has := _has_more(place, part, table, old.get(table.table)):
            raise NotExported(
                f"The export in {place} may be all that is left of {table.table}: it has {has}. "
                "Move it elsewhere if it is not needed"
            )


def _has_more(place: Path, part: Path, new: Filed, old: Filed | None) -> str | None:
    """Return the rows that the old file of a table may have and the new one lacks."""
    path = place / new.file
    is_whole = old is None or fault_of_bytes(place, old) is None
    if old and not is_whole and old.fingerprint == new.fingerprint:
        return None  # its rows before the damage are in the new one
    if not path.exists():
        return f"lost the file {new.file}" if old else None
    lacking = files.lacking(path, part / new.file)
    if lacking is None:
        return "a broken file"
    return f"{lacking} rows that the database has not" if lacking else None


def _name(part: Path, place: Path) -> None:
    """Give a finished folder its name; the one that has it goes."""
    files.keep(part)
    if place.exists():
        place.rename(_beside(place, "old"))
    part.rename(place)
    files.keep(place.parent)
    shutil.rmtree(_beside(place, "old"), ignore_errors=True)
