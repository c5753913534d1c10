"""Columns of a generated job: job generation 3."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pandadb.core.generation.jobs import event_service, resources, software, special_handling
from pandadb.core.generation.jobs.file_rows import is_pseudo
from pandadb.core.jobs.creation.placeholders import ORIGIN
from pandadb.core.jobs.files.file_status import PMERGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Queue, Row, Slice

SCOUT_PRIORITY, MERGE_PRIORITY = 901, 5000
FIXED_COLUMNS = {
    "lockedby": "jedi", "prodserieslabel": "pandatest", "jobdefinitionid": 0, "jobexecutionid": 0,
    "noutputdatafiles": 0, "outputfilebytes": 0,
}  # fmt: skip
COLUMNS_OF_TASK = {
    "jeditaskid": "jeditaskid", "reqid": "reqid", "jobsetid": "reqid", "vo": "vo",
    "workinggroup": "workinggroup", "countrygroup": "countrygroup", "nucleus": "nucleus",
    "gshare": "gshare", "workqueue_id": "workqueue_id", "container_name": "container_name",
    "processingtype": "processingtype", "maxcpuunit": "walltimeunit",
}  # fmt: skip
"""Columns of a job, and those of its task that they are copies of."""
AT_SITE, KEPT_AT_SITE = 1, 2
"""`relocationFlag` of a job that has its site, and of one that must not leave it (DI)."""
ANALYSIS = "anal"


def of_slice(request: JobRequest, one: Slice, jobset: int | None = None) -> dict[str, Any]:
    """Return the columns of a job that works on a slice, but those that its outputs give.

    `jobset` is the number of the jobset in this call, of jobs that take ranges of events.
    """
    task, priority = request.task, assigned_priority(request)
    return {
        **of_task(request, one.queue),
        **_of_input(request, one),
        **_resources(request, one, jobset),
        "jobname": f"{task['taskname']}.{ORIGIN}",
        "transformation": _transformation(request),
        "prodsourcelabel": task["prodsourcelabel"],
        "processingtype": PMERGE if request.is_merging else task["processingtype"],
        "job_label": "user" if task["tasktype"] == ANALYSIS else "managed",
        "taskid": task["jeditaskid"],
        "diskio": task["diskio"],
        "ipconnectivity": "yes",
        "assignedpriority": priority,
        "currentpriority": priority,
    }


def of_consumer(
    request: JobRequest, columns: Mapping[str, Any], one: Slice, queue: Queue
) -> dict[str, Any]:
    """Return the columns of a job that shares its input, on one of its queues.

    `columns` are those on the first queue: attributes and disk stay as they are there.
    """
    own = _of_queue(request, replace(one, queue=queue))
    return {**columns, **own, "computingsite": queue.name}


def _resources(request: JobRequest, one: Slice, jobset: int | None) -> dict[str, Any]:
    """Return the columns of resources, and the attributes, one of which depends on memory."""
    found = _of_queue(request, one)
    again = resources.retry_memory(request, found["minramcount"])
    if request.is_merging:
        found["minramcount"] = found["minramcount"] or resources.MERGE_MEMORY
    kind = event_service.kind_of_jobs(request, one.queue)
    return {
        **found,
        **({} if kind is None else {"eventservice": int(kind)}),
        "maxdiskcount": resources.disk(request, request.facts(one.queue), resources.sums(one)),
        "maxdiskunit": "MB",
        "specialhandling": special_handling.of_job(request, one, again, jobset),
    }


def _of_queue(request: JobRequest, one: Slice) -> dict[str, Any]:
    """Return the columns of resources that depend on the queue."""
    facts = request.facts(one.queue)
    ncores = resources.cores(request, facts)
    ram, unit = resources.memory(request, ncores)
    return {
        "corecount": ncores,
        "hs06": resources.power(facts, ncores),
        "minramcount": ram,
        "minramunit": unit,
        **resources.walltimes(request, facts, resources.sums(one)),
    }


def of_task(request: JobRequest, queue: Queue) -> dict[str, Any]:
    """Return the columns that all jobs of a task have, those that build libraries, too."""
    task, submitter = request.task, request.submitter
    return {
        **FIXED_COLUMNS,
        **{name: task[of_task] for name, of_task in COLUMNS_OF_TASK.items()},
        **software.columns(task),
        "computingsite": queue.name,
        "cloud": request.job_cloud,
        "relocationflag": KEPT_AT_SITE if request.has("disableReassign") else AT_SITE,
        "produserid": submitter.userid,
        "produsername": submitter.username,
    }


def assigned_priority(request: JobRequest) -> int:
    """Return the priority that the jobs of a chunk begin with."""
    priority = int(request.task["currentpriority"] or 0)
    if request.is_merging:
        return MERGE_PRIORITY
    if request.chunk.is_scouting:
        return SCOUT_PRIORITY if priority < SCOUT_PRIORITY else priority + 1
    return priority


def _transformation(request: JobRequest) -> str | None:
    if request.is_merging:
        return request.required("mergeSpec", "transPath")
    path: str | None = request.task["transpath"]
    return path


def _of_input(request: JobRequest, one: Slice) -> dict[str, Any]:
    (_, masters), *_ = one.inputs
    attempt = max(file["attemptnr"] or 0 for file in masters) + 1
    last = event_service.last_attempt(request, one.queue, attempt)
    columns = {
        "attemptnr": attempt,
        "maxattempt": -1 if request.has("disableAutoRetry") else last,
        "proddblock": _input_dataset([dataset for dataset, _ in one.inputs]),
    }
    failures = [f["failedattempt"] for f in masters if f["failedattempt"] is not None]
    if failures:
        columns["failedattempt"] = max(failures)
    return {**columns, **_transfer(request, one)}


def _input_dataset(datasets: Sequence[Row]) -> str | None:
    """Return the name of the master; where it is a pseudo one, of the last secondary dataset."""
    names = [None if is_pseudo(dataset) else dataset["datasetname"] for dataset in datasets]
    return names[0] or next((name for name in reversed(names[1:]) if name), None)


def _transfer(request: JobRequest, one: Slice) -> dict[str, Any]:
    queue = one.queue
    if queue.locality == "remote" and not all(is_pseudo(dataset) for dataset, _ in one.inputs):
        return {"transfertype": queue.protocol, "sourcesite": queue.source}
    local = request.is_merging or request.number("useLocalIO")
    if not local and resources.reads_over_lan(request, request.facts(queue)):
        return {"transfertype": request.taskparams.get("transferType", "direct")}
    return {}
