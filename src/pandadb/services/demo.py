"""A running PanDA database in a minute: a private server, the schema, a task's jobs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core import counts, records, samples
from pandadb.services import jobs, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    from pandadb.database import Database

SAMPLE_TASK = 1_000_001
"""The task of invented records, and the first of those whose file does not name its task."""


@dataclass(frozen=True)
class Shown:
    """What the demo has made, to be looked at."""

    version: schema.Version
    loads: list[jobs.Loaded]
    statuses: list[counts.StatusCount]
    sites: list[counts.SiteUsage]


def run(
    database: Database,
    files: Sequence[Path],
    day: date,
    on_step: Callable[[str], None] = lambda _sentence: None,
) -> Shown:
    """Make the schema, load the records of the files (invented ones without any), and count.

    What is there already stays, so that a demo can be repeated.

    Raises:
        RecordError: A file cannot be read; then nothing at all is made.
    """
    tasks = _tasks(files)
    on_step("making the schema")
    schema.upgrade(database, on_step=on_step)
    loads = []
    for jeditaskid, found in tasks.items():
        on_step(f"loading {len(found.rows):,} jobs of task {jeditaskid}")
        loads.append(jobs.load_records(database, found, jeditaskid, day))
    on_step("counting")
    with database.session() as session:
        statuses = counts.by_status(session)
        sites = counts.usage_by_site(session)
    return Shown(schema.current(database), loads, statuses, sites)


def _tasks(files: Sequence[Path]) -> dict[int, records.Records]:
    """Return the records per task; the monitor writes the task's id into the file's name."""
    if not files:
        return {SAMPLE_TASK: samples.sample()}
    tasks = {}
    for number, path in enumerate(files):
        named = re.search(r"task_(\d+)", path.name)
        tasks[int(named[1]) if named else SAMPLE_TASK + 1 + number] = records.read(path)
    return tasks
