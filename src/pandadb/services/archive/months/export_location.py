"""The exported months of jobs that the database does not have."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pandadb.core.archive.layout import ARCHIVED_JOBS
from pandadb.core.archive.parquet.files import DUCKDB_SETTINGS
from pandadb.core.archive.parquet.libraries import library
from pandadb.services.archive.months.export_check import exported_months
from pandadb.services.archive.months.exported_jobs import (
    FILE_COLUMN,
    months_of,
    readable,
    refuse_doubtful,
)
from pandadb.services.archive.plans import NoSuchDay

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import date

    from pandadb.services.archive.months.exported_jobs import ExportedMonth

LOCATE = """
SELECT pandaid, jeditaskid, {at} FROM read_parquet($files, union_by_name = true,
       hive_partitioning = false, filename = {at_text})
 WHERE {column} BETWEEN $least AND $greatest
   AND {column} IN (SELECT unnest(CAST($numbers AS BIGINT[])))
 ORDER BY 1
"""
"""The limits let DuckDB leave out row groups of other jobs."""


@dataclass(frozen=True)
class Located:
    """A job that an exported month has."""

    pandaid: int
    jeditaskid: int | None
    month: str


def located(
    folder: Path, *, pandaids: Collection[int] = (), tasks: Collection[int] = ()
) -> list[Located]:
    """Return the jobs that exported months of a folder have: of these PandaIDs, or these tasks.

    The files of all months are read, whatever is in their manifests. Of a job that several have,
    the newest one is returned.

    Raises:
        InvalidManifest: A month has no file of jobs, and its manifest is not as it was written.
        ParquetMissing: The extra `parquet` is not installed.
        UnreadableExport: A file is missing, or not as it was written, or there is no such folder.
    """
    months = months_of(folder) if pandaids or tasks else []
    if not months:
        return []
    found: dict[int, Located] = {}
    with library("duckdb").connect(config=DUCKDB_SETTINGS) as duck:
        for column, numbers in (("pandaid", pandaids), ("jeditaskid", tasks)):
            found |= {one.pandaid: one for one in _located(duck, months, column, numbers)}
    refuse_doubtful([one for one in months if not one.has(ARCHIVED_JOBS)], "all of the jobs")
    return sorted(found.values(), key=lambda one: one.pandaid)


def _located(
    duck: Any, months: list[ExportedMonth], column: str, numbers: Collection[int]
) -> list[Located]:
    of = {month.folder.name: month.month for month in months}
    files = [month.file(ARCHIVED_JOBS) for month in months if month.has(ARCHIVED_JOBS)]
    if not (files and numbers):
        return []
    limits = {"numbers": [*numbers], "least": min(numbers), "greatest": max(numbers)}
    query = LOCATE.format(column=column, at=FILE_COLUMN, at_text=f"'{FILE_COLUMN}'")
    with readable(files) as words:
        rows = duck.execute(query, words | limits).fetchall()
    found = [Located(pandaid, task, of[Path(path).parent.name]) for pandaid, task, path in rows]
    return sorted(found, key=lambda one: one.month)


@contextmanager
def or_exported(exports: Path | None, day: date) -> Iterator[None]:
    """Add a hint to the error about a missing day if its month is an exported one.

    Raises:
        NoSuchDay: The archive lacks the day.
    """
    try:
        yield
    except NoSuchDay:
        month = f"{day:%Y-%m}"
        if exports and month in dict(exported_months(exports)):
            raise NoSuchDay(
                f"No partition of the archive has the day {day}, but its month was exported: "
                f"pandadb archive import {month}, then restore it"
            ) from None
        raise


def by_month(found: Iterable[Located]) -> dict[str, list[int]]:
    """Return the PandaIDs of jobs for each month, the oldest first."""
    grouped: dict[str, list[int]] = defaultdict(list)
    for one in found:
        grouped[one.month].append(one.pandaid)
    return dict(sorted(grouped.items()))
