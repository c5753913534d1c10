"""Rows of tasks, datasets and files to put into a test database, and a look at what they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.models import JediDatasetContents, JediDatasets, JediTaskParams, JediTasks, TTask

if TYPE_CHECKING:
    from pandadb.database import Database

LONG_AGO = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(hours=2)
FINISHED = {"status": "finished", "attemptnr": 1}
SPENT = {"attemptnr": 3, "failedattempt": 3}
"""A file without attempts left."""


def give_task(database: Database, jeditaskid: int, status: str, **columns: Any) -> int:
    """Make a task with its row in T_TASK."""
    with database.session() as session:
        session.add(
            JediTasks(
                **{
                    "jeditaskid": jeditaskid, "taskname": f"task.{jeditaskid}", "status": status,
                    "username": "ann", "creationdate": LONG_AGO, "modificationtime": LONG_AGO,
                    "statechangetime": LONG_AGO, "attemptnr": 0, "taskpriority": 500,
                    "currentpriority": 900, "vo": "wlcg", "prodsourcelabel": "managed",
                    "corecount": 1, "ramcount": 2000, "ramunit": "MBPerCore", **columns,
                }
            )
        )  # fmt: skip
        deft = {"status": status[:12], "submit_time": LONG_AGO, "start_time": LONG_AGO}
        session.add(TTask(taskid=jeditaskid, **deft))
        session.add(JediTaskParams(jeditaskid=jeditaskid, taskparams="{}"))
    return jeditaskid


def give_dataset(
    database: Database,
    jeditaskid: int,
    number: int,
    files: list[dict[str, Any]],
    kind: str = "input",
    **columns: Any,
) -> int:
    """Make a dataset of a task, `input` unless said otherwise, with files; return its id."""
    datasetid = jeditaskid * 10 + number
    finished = sum(file.get("status") == "finished" for file in files)
    spent = sum(file.get("attemptnr", 0) >= file.get("maxattempt", 3) for file in files)
    used = sum(file.get("status", "ready") != "ready" for file in files) + spent
    row = {
        "datasetname": f"scope:{kind}.{datasetid}", "containername": f"scope:{kind}.{jeditaskid}",
        "type": kind, "status": "ready", "state": "closed", "creationtime": LONG_AGO,
        "modificationtime": LONG_AGO, "nfiles": len(files), "nfilestobeused": len(files),
        "nfilesused": used, "nfilesfinished": finished, "nfilesfailed": spent, "nfilesmissing": 0,
        "nevents": 100 * len(files), "neventsused": 100 * finished, **columns,
    }  # fmt: skip
    with database.session() as session:
        session.add(JediDatasets(jeditaskid=jeditaskid, datasetid=datasetid, **row))
        for number_of_file, file in enumerate(files):
            contents = {
                "lfn": f"{kind}.{datasetid}.{number_of_file}", "type": kind, "status": "ready",
                "creationdate": LONG_AGO, "fsize": 100 * 1024 * 1024, "nevents": 100,
                "attemptnr": 0, "maxattempt": 3, "failedattempt": 0, "maxfailure": 3,
                "keeptrack": 1, "ramcount": 0, **file,
            }  # fmt: skip
            key = {"fileid": datasetid * 100 + number_of_file, "datasetid": datasetid}
            session.add(JediDatasetContents(jeditaskid=jeditaskid, **key, **contents))
    return datasetid


def task_row(database: Database, jeditaskid: int) -> JediTasks:
    """Return a task as it is now."""
    with database.session() as session:
        task = session.get_one(JediTasks, jeditaskid)
        session.expunge(task)
        return task


def dataset_row(database: Database, datasetid: int) -> JediDatasets:
    """Return a dataset as it is now."""
    with database.session() as session:
        found = session.scalars(select(JediDatasets).where(JediDatasets.datasetid == datasetid))
        dataset = found.one()
        session.expunge(dataset)
        return dataset


def file_columns(database: Database, datasetid: int, *names: str) -> list[tuple[Any, ...]]:
    """Return columns of the files of a dataset, in their order."""
    file = JediDatasetContents.__table__.c
    query = select(*(file[name] for name in names)).where(file.datasetid == datasetid)
    with database.session() as session:
        return [tuple(row) for row in session.execute(query.order_by(file.fileid))]


def deft_row(database: Database, jeditaskid: int) -> TTask:
    """Return a task's row of T_TASK as it is now."""
    with database.session() as session:
        task = session.get_one(TTask, jeditaskid)
        session.expunge(task)
        return task
