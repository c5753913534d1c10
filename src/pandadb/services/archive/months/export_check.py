"""Exported months verified: their manifests are compared with their files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.archive.months import InvalidMonth, Month
from pandadb.core.archive.parquet import manifests
from pandadb.core.archive.parquet.libraries import library
from pandadb.core.archive.parquet.manifests import InvalidManifest
from pandadb.core.archive.parquet.verification import fault_of_files, fault_of_rows
from pandadb.errors import PandaDBError
from pandadb.services.archive.transactions import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pandadb.core.archive.parquet.manifests import Manifest
    from pandadb.database import Database

MONTH_FOLDER = re.compile(r"\d{4}-\d\d")
REPLACED_FOLDER = re.compile(r"\.(\d{4}-\d\d)\.old")


class NoExports(PandaDBError):
    """A folder of exported months that is none."""


@dataclass(frozen=True)
class VerifiedMonth:
    """An exported month, and whether its files agree with its manifest."""

    month: str
    folder: Path
    rows: int
    """Of all its tables, by its manifest; 0 if that cannot be read."""
    fault: str | None
    """The fault of a file or of the manifest; None if there is none."""


def exported_months(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the months of a folder and where they are, oldest first.

    One that was being replaced when that was interrupted is where it was put aside.

    Raises:
        NoExports: There is no such folder.
    """
    if not folder.is_dir():
        raise NoExports(f"There are no exports in {folder}: it is no folder")
    months = {path.name: path for path in folder.iterdir() if MONTH_FOLDER.fullmatch(path.name)}
    for path in folder.glob(".*.old"):
        if name := REPLACED_FOLDER.fullmatch(path.name):
            months.setdefault(name[1], path)
    yield from sorted(months.items())


def verify_exports(
    database: Database, folder: Path, *, tell: Callable[[str], None] = lambda _: None
) -> list[VerifiedMonth]:
    """Verify all exported months of a folder, by all of their rows; nothing is changed.

    The database computes the sums, in temporary tables; its own rows do not matter.

    Raises:
        NoExports: There is no such folder.
        ParquetMissing: The extra `parquet` is not installed.
    """
    library("pyarrow")
    return [_verified(database, month, path, tell) for month, path in exported_months(folder)]


def _verified(
    database: Database, month: str, path: Path, tell: Callable[[str], None]
) -> VerifiedMonth:
    try:
        wanted, manifest = Month.of(month), manifests.read(path, month)
    except (InvalidManifest, InvalidMonth) as error:
        return VerifiedMonth(month, path, 0, str(error))
    why = fault(database, path, wanted, manifest, tell=tell)
    return VerifiedMonth(month, path, sum(table.rows for table in manifest.tables), why)


def fault(
    database: Database,
    place: Path,
    month: Month,
    manifest: Manifest,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> str | None:
    """Return how the files differ from a manifest; None if they agree."""
    if why := fault_of_files(place, manifest):
        return why
    for table in manifest.tables:
        tell(f"proving {table.table}")
        with snapshot(database) as session:
            if why := fault_of_rows(session, place, month, manifest, table):
                return why
    return None
