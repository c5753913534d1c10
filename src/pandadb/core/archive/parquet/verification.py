"""Verification of the files of an export against its manifest, by content."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from pandadb.core.archive.layout import LIVE_OF
from pandadb.core.archive.parquet import files
from pandadb.core.archive.parquet.epoch import written
from pandadb.core.archive.parquet.files import UnreadableFile
from pandadb.core.archive.parquet.libraries import library

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from pandadb.core.archive.months import Month
    from pandadb.core.archive.parquet.files import Content
    from pandadb.core.archive.parquet.manifests import Filed, Manifest


def fault_of_tables(manifest: Manifest) -> str | None:
    """Return a sentence if a manifest does not have exactly the archive's tables."""
    tables = [table.table for table in manifest.tables]
    if tables == [*LIVE_OF]:
        return None
    return f"its manifest has the tables {', '.join(tables) or 'none'}: not those of an archive"


def fault_of_bytes(folder: Path, table: Filed) -> str | None:
    """Return a sentence if a file is missing or changed; it reads all bytes, but no database."""
    path = folder / table.file
    if not path.is_file():
        return f"the file {table.file} is missing"
    if path.stat().st_size != table.bytes or files.sha256(path) != table.sha256:
        return f"the file {table.file} is not as it was written"
    return None


def fault_of_label(folder: Path, manifest: Manifest, table: Filed) -> str | None:
    """Return a sentence if the label of a file differs from its manifest."""
    try:
        why = manifest.label(table).differing(folder / table.file)
    except (OSError, ValueError, library("pyarrow").ArrowException) as error:
        return f"the file {table.file} cannot be read: {error}"
    return f"the file {table.file} differs from its manifest: {why}" if why else None


def fault_of_files(folder: Path, manifest: Manifest) -> str | None:
    """Return the first fault of a manifest's files that can be found without a database."""
    if why := fault_of_tables(manifest):
        return why
    faults = (
        fault_of_bytes(folder, table) or fault_of_label(folder, manifest, table)
        for table in manifest.tables
    )
    return next(filter(None, faults), None)


def fault_of_rows(
    session: Session, folder: Path, month: Month, manifest: Manifest, table: Filed
) -> str | None:
    """Return a sentence if the rows of a file differ from its manifest.

    They are copied into a temporary table, since only the database can compute their checksum.
    """
    try:
        found = files.content(session, manifest.label(table), folder / table.file)
    except UnreadableFile as error:
        return str(error)
    return _differing(month, table, found)


def _differing(month: Month, table: Filed, found: Content) -> str | None:
    for what, said, is_so in (
        ("rows", table.rows, found.fingerprint.rows),
        ("PandaIDs from and to", table.pandaids, found.pandaids),
        ("a sum of", table.sum, found.fingerprint.sum),
    ):
        if said != is_so:
            return f"the file {table.file} differs from its manifest: {what} {is_so}, not {said}"
    first, last = (_microseconds(moment) for moment in (month.lower, month.upper))
    if found.times and not first <= found.times[0] <= found.times[1] < last:
        times = " to ".join(map(written, found.times))
        return f"the file {table.file} has rows of other times than {month}: {times}"
    return None


def _microseconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp()) * 1_000_000
