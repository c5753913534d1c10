"""Tasks with input datasets in a test database, for the generation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, text

from pandadb.models import JediDatasetContents, JediDatasets, JediTasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    Rows = Iterable[Mapping[str, Any]]

NOW = datetime(2026, 1, 1)
FIRST_FILE = -1_000_000_000
"""Before the numbers of files that are added."""
FILE, DATASET, TASK = (
    model.__table__.c for model in (JediDatasetContents, JediDatasets, JediTasks)
)


def add_task(connection: Connection, task: int = 1, splitrule: str = "NF=2", **columns: Any) -> int:
    """A task that is ready and was not touched for long."""
    known = {
        "jeditaskid": task, "taskname": f"task.{task}", "status": "ready", "username": "somebody",
        "creationdate": NOW, "modificationtime": NOW, "vo": "atlas", "prodsourcelabel": "managed",
        "splitrule": splitrule, "currentpriority": 500, "gshare": "Production", "workqueue_id": 900,
    }  # fmt: skip
    connection.execute(insert(JediTasks.__table__).values({**known, **columns}))
    return task


def add_dataset(
    connection: Connection, task: int, number: int, files: Rows = (), **columns: Any
) -> int:
    """A dataset with files, each with the columns that it is given with."""
    dataset, rows = 10 * task + number, [*files]
    known = {
        "jeditaskid": task, "datasetid": dataset, "datasetname": f"in.{dataset}", "type": "input",
        "status": "ready", "state": "closed", "nfiles": len(rows), "nfilestobeused": len(rows),
        "nfilesused": sum(one.get("status", "ready") != "ready" for one in rows),
        "creationtime": NOW, "modificationtime": NOW,
    }  # fmt: skip
    connection.execute(insert(JediDatasets.__table__).values({**known, **columns}))
    for n, one in enumerate(rows):
        file = {
            "jeditaskid": task, "datasetid": dataset, "fileid": FIRST_FILE + 1000 * dataset + n,
            "lfn": f"in.{n:03d}", "type": columns.get("type", "input"), "status": "ready",
            "creationdate": NOW, "attemptnr": 0, "maxattempt": 3, "failedattempt": 0,
            "maxfailure": 3, "keeptrack": 1, "nevents": 100, "fsize": 1000,
        }  # fmt: skip
        connection.execute(insert(JediDatasetContents.__table__).values({**file, **one}))
    return dataset


def add_secondary(
    connection: Connection, task: int, number: int, files: Rows, attributes: str | None = None,
    **columns: Any,
) -> int:  # fmt: skip
    """A secondary dataset of the task's dataset 1."""
    master = 10 * task + 1
    columns = {"masterid": master, "attributes": attributes, **columns}
    return add_dataset(connection, task, number, files, **columns)


def states(connection: Connection, dataset: int) -> list[str]:
    """The states of a dataset's files, by id."""
    query = select(FILE.status).where(FILE.datasetid == dataset).order_by(FILE.fileid)
    return [*connection.scalars(query)]


def counters(connection: Connection, dataset: int) -> tuple[int, int, int]:
    """All files, those to be used, and those in use."""
    columns = (DATASET.nfiles, DATASET.nfilestobeused, DATASET.nfilesused)
    row = connection.execute(select(*columns).where(DATASET.datasetid == dataset)).one()
    return row[0], row[1], row[2]


def lock_of(connection: Connection, task: int) -> str | None:
    """The generator that has a task."""
    found: str | None = connection.scalar(select(TASK.lockedby).where(TASK.jeditaskid == task))
    return found


def minutes_ago(connection: Connection, minutes: int) -> datetime:
    """A time by the database's clock, UTC."""
    now = connection.scalar(text("SELECT clock_timestamp() AT TIME ZONE 'UTC'"))
    assert isinstance(now, datetime)
    return now - timedelta(minutes=minutes)
