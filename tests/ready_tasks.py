"""Tasks that jobs can be generated for, as their refinement and feeding leave them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from pandadb.models import (
    JediDatasetContents,
    JediDatasets,
    JediJobParamsTemplate,
    JediOutputTemplate,
    JediTaskParams,
    JediTasks,
    JediWorkQueue,
    SchedconfigJSON,
    TTask,
    Users,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

QUEUE, VO, USER = "QUEUE_A", "wlcg", "Some User"
DN = f"/DC=ch/DC=cern/OU=Users/CN={USER}"
MB = 1024**2
COUNTERS = (
    "nfilesused", "nfilesonhold", "nfileswaiting", "nfilesmissing", "nfilesfinished",
    "nfilesfailed", "nevents", "neventsused", "neventstobeused",
)  # fmt: skip
OUTPUTS = (("out.${SN}.root", "OUTPUT0", "output"), ("log.${SN}.tgz", "LOG0", "log"))


def before() -> datetime:
    """Two hours ago: a task that was touched just now is not picked."""
    return datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=2)


def make_queue(session: Session, name: str = QUEUE, **data: Any) -> None:
    """Make a PanDA queue of one core."""
    facts = {"corecount": 1, "corepower": 10, "maxtime": 86400, "maxwdir": 20000, "cloud": "XX"}
    session.add(SchedconfigJSON(panda_queue=name, data={"nickname": name, **facts, **data}))
    session.flush()


def make_ready_task(
    session: Session,
    task: int,
    rules: str,
    files: int | Sequence[dict[str, Any]] = 0,
    *,
    parameters: str = "-i ${IN} -o ${OUTPUT0}",
    taskparams: dict[str, Any] | None = None,
    outputs: Sequence[tuple[str, str, str]] = OUTPUTS,
    **columns: Any,
) -> int:
    """Make a task with an input dataset, an output and a log; return the input dataset."""
    values: dict[str, Any] = {
        "taskname": f"task.{task}", "status": "ready", "username": USER, "vo": VO,
        "prodsourcelabel": "managed", "tasktype": "prod", "processingtype": "simul",
        "currentpriority": 500, "gshare": "Production", "workqueue_id": 1, "reqid": task,
        "corecount": 1, "ramcount": 2000, "ramunit": "MBPerCore", "baseramcount": 0,
        "resource_type": "SCORE", "cloud": "WORLD", "transpath": "run.sh", "transuses": "",
        "cputime": 10, "cputimeunit": "HS06sPerEvent", "outdiskcount": 100, "outdiskunit": "kB",
        "workdiskcount": 0, "workdiskunit": "MB",
    }  # fmt: skip
    times = dict.fromkeys(("creationdate", "modificationtime", "statechangetime"), before())
    session.add(JediTasks(jeditaskid=task, splitrule=rules, **{**values, **times, **columns}))
    deft = {
        "taskname": f"task.{task}",
        "status": "ready",
        "total_req_jobs": 0,
        "parent_tid": task,
        "submit_time": before(),
        "timestamp": before(),
        "username": USER,
        "vo": VO,
    }
    session.add(TTask(taskid=task, **deft))
    session.add(JediTaskParams(jeditaskid=task, taskparams=json.dumps(taskparams or {})))
    session.add(JediJobParamsTemplate(jeditaskid=task, jobparamstemplate=parameters))
    for number, (name, stream, kind) in enumerate(outputs, start=5):
        make_output(session, task, number, name, stream, kind)
    queues = select(func.count()).select_from(JediWorkQueue)
    if not session.scalar(queues):
        session.add(JediWorkQueue(queue_id=1, queue_name="q", queue_function="Resource"))
    return make_dataset(session, task, 1, files, streamname="IN")


def make_dataset(
    session: Session, task: int, number: int, files: int | Sequence[dict[str, Any]], **columns: Any
) -> int:
    """Make a dataset with ready files; return it."""
    rows = [{} for _ in range(files)] if isinstance(files, int) else files
    dataset, kind = 10 * task + number, columns.pop("type", "input")
    counts = {"nfiles": len(rows), "nfilestobeused": len(rows), **dict.fromkeys(COUNTERS, 0)}
    times = dict.fromkeys(("creationtime", "modificationtime"), before())
    values = {
        "datasetname": f"scope:{kind}.{dataset}", "status": "ready", "state": "closed", "vo": VO,
        **counts, **times, **columns,
    }  # fmt: skip
    session.add(JediDatasets(jeditaskid=task, datasetid=dataset, type=kind, **values))
    for index, row in enumerate(rows):
        file = {
            "lfn": f"in._{index + 1:05d}.root", "status": "ready", "fsize": 100 * MB,
            "attemptnr": 0, "maxattempt": 3, "failedattempt": 0, "keeptrack": 1, "nevents": 100,
            "ramcount": 0, "creationdate": before(), **row,
        }  # fmt: skip
        key = {"jeditaskid": task, "datasetid": dataset, "fileid": 10_000 * dataset + index}
        session.add(JediDatasetContents(**key, type=kind, **file))
    session.flush()
    return dataset


def make_output(session: Session, task: int, number: int, *output: str, **columns: Any) -> int:
    """Make an output dataset with the template of its names: name, stream, type; return it."""
    name, stream, kind = output
    values = {"streamname": stream, "status": "defined", "state": None, "destination": QUEUE}
    values["type"] = columns.pop("type", kind)
    dataset = make_dataset(session, task, number, 0, **{**values, **columns})
    template = {"outtempid": dataset, "filenametemplate": name, "serialnr": 1, "outtype": kind}
    key = {"jeditaskid": task, "datasetid": dataset}
    session.add(JediOutputTemplate(**key, **template, streamname=stream))
    session.flush()
    return dataset


def make_user(session: Session, **columns: Any) -> None:
    """Make a user with a DN, whose jobs may be generated."""
    times = dict.fromkeys(("lastmod", "firstjob", "latestjob", "cachetime"), before())
    session.add(Users(name=USER, **{"dn": DN, "jobid": 10, "ncurrent": 0, **times, **columns}))
    session.flush()
