"""Records of ended jobs, loaded from CSV files of the monitor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.jobs.csv_import import insertion, records
from pandadb.database import session_of
from pandadb.services.archive.months.export_location import located

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from pathlib import Path

    from pandadb.database import Database

Progress = Callable[[str, int, int], None]
"""A callback for progress: the name of a step, the amount done, and the whole amount."""


@dataclass(frozen=True)
class LoadResult:
    """The result of a load, or of its dry run."""

    jeditaskid: int
    loaded: int
    present: int
    """Jobs of the file that were there already, and were left alone."""
    new_task: bool
    unknown_columns: list[str]


def load(
    database: Database,
    path: Path,
    jeditaskid: int,
    day: date,
    *,
    archive: Database | None = None,
    exports: Path | None = None,
    dry_run: bool = False,
    on_progress: Progress = lambda _step, _done, _of: None,
) -> LoadResult:
    """Load the records of a file as ended jobs of a task, all or none.

    The jobs end during the day (UTC). Jobs of the task that are there already stay as they are,
    so that a load can be repeated; so do those in `archive`, another database, and in `exports`, a
    folder of exported months.

    Raises:
        InvalidManifest, UnreadableExport: An export cannot be read.
        RecordError: The file cannot be read or has a malformed value.
        JobConflict: A job of the file is there already, as a job of another task.
        ParquetMissing: There are exported months, but the extra `parquet` is not installed.
    """
    found = records.read(path, jeditaskid, lambda done, of: on_progress("reading", done, of))
    return load_records(
        database,
        found,
        jeditaskid,
        day,
        archive=archive,
        exports=exports,
        dry_run=dry_run,
        on_progress=on_progress,
    )


def load_records(
    database: Database,
    found: records.Records,
    jeditaskid: int,
    day: date,
    *,
    archive: Database | None = None,
    exports: Path | None = None,
    dry_run: bool = False,
    on_progress: Progress = lambda _step, _done, _of: None,
) -> LoadResult:
    """Load records that have been read already; see `load`."""
    with database.session() as session, session_of(archive) as other:
        session.execute(insertion.LOCK_LOADING)
        pandaids = [row["pandaid"] for row in found.rows]
        present = insertion.present(session, pandaids, jeditaskid, other)
        if exports:
            present |= _exported(exports, {*pandaids} - present, jeditaskid)
        new_task = not insertion.has_task(session, jeditaskid)
        tally = insertion.Tally()
        jobs = tally.over(records.jobs(found, jeditaskid, day, without=present))
        if dry_run:
            deque(jobs, maxlen=0)
        else:
            for done in insertion.copy_jobs(session, jobs):
                on_progress("loading", done, len(pandaids) - len(present))
        if tally.jobs and not dry_run:
            insertion.make_task(session, jeditaskid, tally)
            insertion.raise_sequences(session, jeditaskid, max(pandaids))
    return LoadResult(jeditaskid, tally.jobs, len(present), new_task, found.unknown)


def _exported(exports: Path, pandaids: Collection[int], jeditaskid: int) -> set[int]:
    """Return those of the PandaIDs that jobs of the task have in exported months."""
    found = located(exports, pandaids=pandaids)
    for job in found:
        if job.jeditaskid != jeditaskid:
            place = f"the exported month {job.month}"
            raise insertion.JobConflict(job.pandaid, place, job.jeditaskid, jeditaskid)
    return {job.pandaid for job in found}
