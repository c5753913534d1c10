"""A running PanDA database in a minute: jobs of a task, an archived day, a restored job."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zlib import crc32

from sqlalchemy import func, select

from pandadb.core.jobs.csv_import import records
from pandadb.core.jobs.search import counts
from pandadb.core.partitions.intervals import Span, Unit
from pandadb.core.partitions.policies import POLICIES, Then
from pandadb.demo import sample_records
from pandadb.models import JobsArchived
from pandadb.services import archive, jobs, partitions, schema
from pandadb.services.archive import CheckResult, RestoreResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    from pandadb.database import Database

SAMPLE_TASK = 1_000_001
"""The task of invented records; ids of files without a task name are above it."""


@dataclass(frozen=True)
class Shown:
    """The results of the demo."""

    version: schema.Version
    loads: list[jobs.LoadResult]
    statuses: list[counts.StatusCount]
    sites: list[counts.SiteUsage]


@dataclass(frozen=True)
class ArchivedDay:
    """An archived day."""

    day: date
    rows: dict[str, int]
    """The number of proven rows per table of the archive."""


def run(
    database: Database,
    files: Sequence[Path],
    day: date,
    on_step: Callable[[str], None] = lambda _sentence: None,
) -> Shown:
    """Create the schema, load the records of the files (or invented ones), and count.

    Idempotent: existing rows stay.

    Raises:
        RecordError: A file cannot be read; then nothing at all is created.
    """
    tasks = _tasks(files)
    on_step("creating the schema")
    schema.upgrade(database, on_step=on_step)
    loads = []
    for jeditaskid, found in tasks:
        on_step(f"loading {len(found.rows):,} jobs of task {jeditaskid}")
        loads.append(jobs.load_records(database, found, jeditaskid, day))
    on_step("counting")
    with database.session() as session:
        statuses = counts.by_status(session)
        sites = counts.usage_by_site(session)
    return Shown(schema.current(database), loads, statuses, sites)


def put_away(database: Database, day: date) -> ArchivedDay:
    """Create the partitions, archive a day regardless of its age, and verify it.

    Rows that are archived already are only verified again.
    """
    at_once = {
        table: replace(policy, retention=Span(0, Unit.DAY))
        if policy.then is Then.ARCHIVE
        else policy
        for table, policy in POLICIES.items()
    }
    partitions.maintain(database, drain=True)
    archive.run(database, at_once, only=[day])
    proven = [one for one in archive.verify(database) if one.lower.date() == day]
    rows = {one.table: one.now.rows for one in proven if one.now and one.found is CheckResult.SAME}
    return ArchivedDay(day, rows)


def bring_back(database: Database, day: date) -> RestoreResult:
    """Restore a job of an archived day by its PandaID; it is then the only live one."""
    begin = datetime.combine(day, time())
    of_day = JobsArchived.modificationtime.between(begin, begin + timedelta(1))
    with database.session() as session:
        pandaid = session.scalar(select(func.min(JobsArchived.pandaid)).where(of_day))
    return archive.restore_jobs(database, pandaids=[pandaid] if pandaid else [])


def _tasks(files: Sequence[Path]) -> list[tuple[int, records.Records]]:
    """Return the task of each file with its records."""
    if not files:
        return [(SAMPLE_TASK, sample_records.sample())]
    tasks = [(path, _task(path.name)) for path in files]
    return [(jeditaskid, records.read(path, jeditaskid)) for path, jeditaskid in tasks]


def _task(name: str) -> int:
    """Return the task in a file's name, as written by the monitor; else an id of its own."""
    named = re.search(r"task_0*([1-9]\d{0,10})(?!\d)", name)
    return int(named[1]) if named else SAMPLE_TASK + 1 + crc32(name.encode()) % 900_000
