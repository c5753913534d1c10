"""Jobs that are in exported months, found by DuckDB without a database.

Manifests narrow the search. They cannot exclude that a month has a job: for that all files are
read, and none may be missing.
"""

from __future__ import annotations

import glob
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pandadb.core.archive.layout import LIVE_OF
from pandadb.core.archive.parquet import manifests
from pandadb.core.archive.parquet.files import DUCKDB_SETTINGS
from pandadb.core.archive.parquet.libraries import library
from pandadb.core.archive.parquet.manifests import InvalidManifest
from pandadb.core.sql import timestamps
from pandadb.errors import PandaDBError
from pandadb.services.archive.months.export_check import NoExports, exported_months

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandadb.core.archive.parquet.manifests import Manifest

Row = dict[str, Any]
"""Values by the names of their columns, of all columns that the file has."""
QUERY = """
SELECT * FROM read_parquet($files, union_by_name = true, hive_partitioning = false, filename = {at})
 WHERE pandaid = $pandaid ORDER BY modificationtime
"""
FILE_COLUMN = "pandadb_file"
"""A column that no table has: the file that a row is in."""


class UnreadableExport(PandaDBError):
    """A file of an export that DuckDB cannot read."""


@dataclass(frozen=True)
class ExportedJob:
    """A job as it was exported, with all that belongs to it."""

    job: Row
    files: list[Row]
    parameters: list[Row]
    metadata: list[Row]


@dataclass(frozen=True)
class ExportedMonth:
    """An exported month, as far as it can be read without its files."""

    month: str
    folder: Path
    manifest: Manifest | None
    fault: str | None
    """Why its manifest is not used."""

    def file(self, table: str) -> Path:
        """Return where its file of a table is, if it has one."""
        return self.folder / manifests.file_name(table)

    def has(self, table: str) -> bool:
        """Return whether the month should have a file of a table, or has it."""
        return self.manifest is not None or self.file(table).exists()

    def may_have(self, table: str, pandaid: int) -> bool:
        """Return whether the file of a table can have a job, by the manifest."""
        if self.manifest is None:
            return self.has(table)
        ranges = [one.pandaids for one in self.manifest.tables if one.table == table]
        return any(found and found[0] <= pandaid <= found[1] for found in ranges)


def exported(folder: Path, *, pandaid: int) -> ExportedJob | None:
    """Return a job that is in one of the exported months of a folder; None if none has it.

    The files that may have it by their manifests are read first, and in these the row groups that
    may have it by their statistics. If that finds nothing, all files are read.

    Raises:
        InvalidManifest: No file has the job, but the manifest of a month is not as it was written.
        ParquetMissing: The extra `parquet` is not installed.
        UnreadableExport: A file is missing, or not as it was written, or there is no such folder.
    """
    months = months_of(folder)
    if not months:
        return None
    with library("duckdb").connect(config=DUCKDB_SETTINGS) as duck:
        first, *others = LIVE_OF
        jobs, where = _found(duck, months, first, pandaid)
        if not jobs:
            refuse_doubtful(months, f"job {pandaid}")
            return None
        rows = (_found(duck, months, table, pandaid, where)[0] for table in others)
        return ExportedJob(jobs[-1], *rows)


def months_of(folder: Path) -> list[ExportedMonth]:
    """Return the exported months of a folder, oldest first.

    Raises:
        UnreadableExport: There is no such folder.
    """
    try:
        return [_month(month, path) for month, path in exported_months(folder)]
    except NoExports as error:
        raise UnreadableExport(str(error)) from None


@contextmanager
def readable(files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yield the parameters of a query of files; its errors become those of the files.

    Raises:
        UnreadableExport: DuckDB cannot read one of them.
    """
    try:
        yield {"files": [glob.escape(str(path)) for path in files]}
    except library("duckdb").Error as error:
        raise UnreadableExport(f"{name_files(files)} cannot be read: {error}") from error


def name_files(files: Sequence[object]) -> str:
    """Return files as they can stand in a sentence, however many there are."""
    return ", ".join(map(str, files[:3])) + (", …" if files[3:] else "")


def _month(month: str, path: Path) -> ExportedMonth:
    try:
        changed = (path / manifests.NAME).stat().st_mtime_ns
        return ExportedMonth(month, path, _manifest(path, month, changed), None)
    except OSError:
        return ExportedMonth(
            month, path, None, f"There is no export in {path}: it has no {manifests.NAME}"
        )
    except InvalidManifest as error:
        return ExportedMonth(month, path, None, str(error))


@lru_cache(maxsize=1000)
def _manifest(path: Path, month: str, _: int) -> Manifest:
    """Return a manifest; the cache is keyed by its modification time."""
    return manifests.read(path, month)


def refuse_doubtful(months: list[ExportedMonth], jobs: str) -> None:
    """Refuse to report that no month has a job while a month cannot be read.

    Raises:
        InvalidManifest: One is not.
    """
    for month in months:
        if month.fault:
            raise InvalidManifest(f"No file has {jobs}, but one may be missing: {month.fault}")


def _found(
    duck: Any,
    months: list[ExportedMonth],
    table: str,
    pandaid: int,
    where: frozenset[str] = frozenset(),
) -> tuple[list[Row], frozenset[str]]:
    """Return the rows that a job has in the files of a table, and the folders where they are.

    Those that the manifests name are asked, and those of the folders where the job is; all others
    if these have none.
    """
    likely = [month for month in months
              if month.may_have(table, pandaid) or str(month.folder) in where]  # fmt: skip
    others = [month for month in months if month not in likely]
    for some in (likely, others):
        files = [month.file(table) for month in some if month.has(table)]
        if rows := _rows(duck, files, pandaid):
            return [row for row, _ in rows], frozenset(place for _, place in rows)
    return [], frozenset()


def _rows(duck: Any, files: list[Path], pandaid: int) -> list[tuple[Row, str]]:
    if not files:
        return []
    with readable(files) as words:
        found = duck.execute(QUERY.format(at=f"'{FILE_COLUMN}'"), {**words, "pandaid": pandaid})
        columns = [(column[0], str(column[1]).startswith("TIMESTAMP"))
                   for column in found.description]  # fmt: skip
        rows = [
            {name: _time(value) if is_time else value
             for (name, is_time), value in zip(columns, row, strict=True)}
            for row in found.fetchall()
        ]  # fmt: skip
    return _distinct([(row, str(Path(row.pop(FILE_COLUMN)).parent)) for row in rows])


def _time(value: Any) -> Any:
    """Return a time of DuckDB. Those beyond Python's range are texts in a format of its own.

    Infinite ones are Python's first and last time.
    """
    if value in {timestamps.FIRST, timestamps.LAST}:
        return timestamps.TimeBeyond.of("infinity" if value == timestamps.LAST else "-infinity")
    if not isinstance(value, str):
        return value
    date, before_christ, time = value.partition(" (BC)")
    return timestamps.read(f"{date}{time}{' BC' if before_christ else ''}")


def _distinct(rows: list[tuple[Row, str]]) -> list[tuple[Row, str]]:
    """Return the rows without those that a later export has again, perhaps in a newer state."""
    newest = {row.get("row_id"): place for row, place in rows}
    kept: dict[Any, tuple[Row, str]] = {}
    for place, (row, folder) in enumerate(rows):
        if row.get("row_id") is None:
            kept.setdefault(tuple(row.values()), (row, folder))
        elif newest[row["row_id"]] == folder:
            kept[place] = (row, folder)
    return [*kept.values()]
