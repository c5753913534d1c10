"""Jobs that are in exported months, found by DuckDB without a database."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pandadb.core.parquet import manifests
from pandadb.core.parquet.files import OURS
from pandadb.core.parquet.libraries import library
from pandadb.errors import PandaDBError

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.core.parquet.manifests import Manifest

Row = dict[str, Any]
"""Values by the names of their columns, of all columns that the file has."""
QUERY = """
SELECT * FROM read_parquet($files, union_by_name = true, hive_partitioning = false)
 WHERE pandaid = $pandaid ORDER BY modificationtime
"""
TABLES = tuple(
    f"doma_pandaarch.{name}"
    for name in ("jobsarchived", "filestable_arch", "jobparamstable_arch", "metatable_arch")
)


class UnreadableExport(PandaDBError):
    """A file of an export that DuckDB cannot read."""


@dataclass(frozen=True)
class ExportedJob:
    """A job as it was exported, with all that belongs to it."""

    job: Row
    files: list[Row]
    parameters: list[Row]
    metadata: list[Row]


def exported(folder: Path, *, pandaid: int) -> ExportedJob | None:
    """Return a job that is in one of the exported months of a folder; None if none has it.

    The manifests tell which files can have it, the statistics in these which of their parts.

    Raises:
        BadManifest: One cannot be read.
        ParquetMissing: A file can have it, but the extra `parquet` is not installed.
        UnreadableExport: A file is not as it was written, or there is no such folder.
    """
    if not folder.is_dir():
        raise UnreadableExport(f"There are no exports in {folder}: it is no folder")
    paths = sorted(folder.glob(f"[0-9]*/{manifests.NAME}"))
    months = [(path.parent, _manifest(path.parent, path.stat().st_mtime_ns)) for path in paths]
    if not _files(months, TABLES[0], pandaid):
        return None
    with library("duckdb").connect(config=OURS) as duck:
        jobs, *others = (_rows(duck, _files(months, table, pandaid), pandaid) for table in TABLES)
    return ExportedJob(jobs[-1], *others) if jobs else None


@lru_cache(maxsize=1000)
def _manifest(folder: Path, _: int) -> Manifest:
    """Return a manifest, which is read again only if its time of change is another."""
    return manifests.read(folder)


def _files(months: list[tuple[Path, Manifest]], table: str, pandaid: int) -> list[str]:
    """Return the files of a table that can have a job, as DuckDB's patterns."""
    return [
        glob.escape(str(folder / filed.file))
        for folder, manifest in months
        for filed in manifest.tables
        if filed.table == table
        and filed.pandaids
        and filed.pandaids[0] <= pandaid <= filed.pandaids[1]
    ]


def _rows(duck: Any, files: list[str], pandaid: int) -> list[Row]:
    if not files:
        return []
    try:
        found = duck.execute(QUERY, {"files": files, "pandaid": pandaid})
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    except library("duckdb").Error as error:
        raise UnreadableExport(f"{', '.join(files)} cannot be read: {error}") from error
