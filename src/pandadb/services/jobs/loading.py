"""Jobs: what operators and services ask of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core import loading, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from pandadb.database import Database


@dataclass(frozen=True)
class Loaded:
    """What a load has done, or would do."""

    jeditaskid: int
    loaded: int
    present: int
    """Jobs of the file that were in the database already, and were left alone."""
    new_task: bool
    unknown_columns: list[str]


def load(
    database: Database,
    path: Path,
    jeditaskid: int,
    day: date,
    *,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Loaded:
    """Load the records of a file as finished jobs of a task, all or none.

    The jobs end during the day (UTC). Jobs of the task that are there already stay as they are,
    so that a load can be repeated.

    Raises:
        RecordError: The file cannot be read or has a malformed value.
        JobConflict: A job of the file is there already, as a job of another task.
    """
    return load_records(
        database, records.read(path), jeditaskid, day, dry_run=dry_run, on_progress=on_progress
    )


def load_records(
    database: Database,
    found: records.Records,
    jeditaskid: int,
    day: date,
    *,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Loaded:
    """Load records that have been read already; see `load`."""
    with database.session() as session:
        session.execute(loading.LOADING)
        pandaids = [row["pandaid"] for row in found.rows]
        present = loading.present(session, pandaids, jeditaskid)
        jobs = [
            job for job in records.jobs(found, jeditaskid, day) if job["pandaid"] not in present
        ]
        new_task = not loading.has_task(session, jeditaskid)
        if jobs and not dry_run:
            loading.make_task(session, jeditaskid, jobs)
            for done in loading.copy_jobs(session, jobs):
                on_progress(done, len(jobs))
            loading.raise_sequences(session, jeditaskid, max(pandaids))
    return Loaded(jeditaskid, len(jobs), len(present), new_task, found.unknown)
