"""Tasks to be fed, and what a catalogue has for them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.datasets.catalogue import CatalogueFile, JsonCatalogue
from pandadb.core.tasks.feeds import feed_plans, feed_sources, task_feeds
from pandadb.models import (
    JediDatasetContents,
    JediDatasets,
    JediTaskParams,
    JediTasks,
    TTask,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from pandadb.core.datasets.catalogue import Catalogue
    from pandadb.core.tasks.feeds.feed_progress import TaskFeed

TASK, MASTER, OUTPUT = 9, 91, 99
THEN = datetime(2026, 1, 1)


def file_of(number: int, **more: Any) -> CatalogueFile:
    """Return a file with ten times its number of events."""
    return CatalogueFile(f"f.{number:03d}", **{"events": 10 * number, "fsize": 1000, **more})


def catalogue_of(
    numbers: Iterable[int], name: str = "scope:in", state: str = "closed"
) -> JsonCatalogue:
    """Return a catalogue with one dataset."""
    files = [{"lfn": f"f.{k:03d}", "guid": f"guid-{k}", "events": 10 * k} for k in numbers]
    return JsonCatalogue({name: {"state": state, "files": files}})


def make_fed_task(
    session: Session,
    splitrule: str | None = "NF=2",
    params: Mapping[str, Any] | None = None,
    *,
    status: str = "defined",
    dataset: Mapping[str, Any] | None = None,
    **columns: Any,
) -> None:
    """Make a task with an input dataset whose files are to be read, and an output dataset."""
    task = {"status": status, "cloud": "WORLD", "nucleus": "CERN", "prodsourcelabel": "managed"}
    session.add(
        JediTasks(
            jeditaskid=TASK,
            taskname="task",
            username="somebody",
            vo="wlcg",
            creationdate=THEN,
            modificationtime=THEN,
            attemptnr=0,
            splitrule=splitrule,
            **{**task, **columns},
        )
    )
    session.add(TTask(taskid=TASK, status=status, submit_time=THEN))
    parameters = {"jobParameters": [], "maxAttempt": 3, **(params or {})}
    session.add(JediTaskParams(jeditaskid=TASK, taskparams=json.dumps(parameters)))
    add_dataset(session, MASTER, **(dataset or {}))
    add_dataset(session, OUTPUT, "output", datasetname="out", destination="CERN")


def add_dataset(session: Session, number: int, kind: str = "input", **columns: Any) -> None:
    """Add a dataset to the task."""
    names = {"datasetname": "scope:in", "status": "defined"}
    row = {"jeditaskid": TASK, "datasetid": number, "type": kind, "creationtime": THEN}
    session.add(JediDatasets(**{**row, "modificationtime": THEN, **names, **columns}))
    session.flush()


def add_file(session: Session, fileid: int, status: str, **columns: Any) -> None:
    """Add a file to the input dataset, named by its number."""
    values = {"datasetid": MASTER, "lfn": f"f.{fileid:03d}", "type": "input", "attemptnr": 0}
    values |= {"maxattempt": 3, "failedattempt": 0, "nevents": 10 * fileid, "keeptrack": 1}
    row = JediDatasetContents(
        jeditaskid=TASK, fileid=fileid, status=status, creationdate=THEN, **{**values, **columns}
    )
    session.add(row)
    session.flush()


def feed_task(session: Session, catalogue: Catalogue) -> TaskFeed | None:
    """Feed the task with what is due of it; None for nothing."""
    session.flush()
    plan = feed_plans.plan(session, TASK)
    if plan is None:
        return None
    fed = task_feeds.feed(session, plan, feed_sources.ask(plan, catalogue), host="here")
    session.expire_all()
    return fed


def task_of(session: Session) -> JediTasks:
    """Return the task as it is now."""
    return session.get_one(JediTasks, TASK, populate_existing=True)


def dataset_of(session: Session, number: int = MASTER) -> JediDatasets:
    """Return a dataset as it is now."""
    return session.get_one(JediDatasets, (TASK, number), populate_existing=True)


def files_of(session: Session, number: int = MASTER) -> list[JediDatasetContents]:
    """Return the files of a dataset as they are now."""
    rows = (
        select(JediDatasetContents)
        .where(JediDatasetContents.jeditaskid == TASK, JediDatasetContents.datasetid == number)
        .order_by(JediDatasetContents.fileid)
        .execution_options(populate_existing=True)
    )
    return [*session.scalars(rows)]


def statuses(session: Session, number: int = MASTER) -> dict[str, str]:
    """Return the states of the files of a dataset, by their names."""
    return {one.lfn: one.status for one in files_of(session, number)}
