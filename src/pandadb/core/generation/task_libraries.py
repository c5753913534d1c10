"""Libraries of users' tasks, and the jobs that build them: UB, job generation 5."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, or_, select

from pandadb.core.generation import new_ids
from pandadb.core.generation.jobs import file_rows, job_columns, resources, special_handling
from pandadb.core.generation.outputs import output_files
from pandadb.core.generation.outputs.output_files import NEW_FILE
from pandadb.core.generation.outputs.scopes import scope_of
from pandadb.core.jobs.creation.submission import NewJob
from pandadb.core.sql.copy import copy_rows
from pandadb.models import JediDatasetContents, JediDatasets, JobsActive4, JobsDefined4
from pandadb.models.datasets import JEDI_DATASET_CONT_FILEID_SEQ, JEDI_DATASETS_SEQ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Queue, Row
    from pandadb.core.sql.transaction import Transaction

DATASET, FILE = JediDatasets.__table__.c, JediDatasetContents.__table__.c
KIND = "lib"
"""The type of the dataset, and of the library in it."""
MAX_AGE = timedelta(days=7)
"""A library that is older is built anew."""
FILE_NAMES = {KIND: "lib.tgz", "log": "log.tgz"}
WALLTIME_KEY = "BUILD_JOB_MAX_WALLTIME"


@dataclass(frozen=True)
class Library:
    """A library for the jobs of a queue."""

    file: Mapping[str, Any]
    """The input of the jobs."""
    build: NewJob | None = None
    """The job that builds it; None if there is one, or it is built."""


def for_queues(
    session: Transaction, request: JobRequest, queues: Sequence[Queue]
) -> dict[str, Library]:
    """Return the library of each queue, with the job that builds it where there is none."""
    if not request.has("useBuild") or not queues:
        return {}
    known = _known(session, request, [queue.name for queue in queues])
    missing = [queue for queue in queues if queue.name not in known]
    return {**known, **_new(session, request, missing)}


def _known(session: Transaction, request: JobRequest, sites: Sequence[str]) -> dict[str, Library]:
    """Return libraries that are built, or being built: the newest that is built hides those."""
    found: dict[str, Any] = {}
    for row in session.execute(_candidates(request, sites)).mappings():
        best = found.get(row["site"])
        if best is None or (row["status"] == "finished" and best["status"] != "finished"):
            found[row["site"]] = row
    return {
        site: Library(_input(row))
        for site, row in found.items()
        if row["creationdate"] > request.when - MAX_AGE
    }


def _candidates(request: JobRequest, sites: Sequence[str]) -> Any:
    """Select libraries that are finished, or whose build job lives, the newest first."""
    names = ("site", "datasetname", "containername", "storagetoken")
    lives = or_(*(exists().where(t.pandaid == FILE.pandaid) for t in (JobsDefined4, JobsActive4)))
    return (
        select(*FILE, *(DATASET[name] for name in names))
        .join(
            DATASET.datasetid.table,
            (DATASET.jeditaskid == FILE.jeditaskid) & (DATASET.datasetid == FILE.datasetid),
        )
        .where(
            FILE.jeditaskid == request.task["jeditaskid"],
            DATASET.type == KIND,
            DATASET.site.in_(sites),
            func.coalesce(DATASET.state, "") != "closed",
            FILE.type == KIND,
            FILE.status.not_in(("failed", "cancelled")),
            or_(FILE.status == "finished", lives),
        )
        .order_by(DATASET.creationtime.desc(), FILE.creationdate.desc(), FILE.fileid.desc())
    )


def _input(row: Row) -> dict[str, Any]:
    found = file_rows.of_input(row, row, "input")
    name = found["dataset"]
    found |= {"dispatchdblock": name, "proddblocktoken": file_rows.LOCAL}
    return {**found, "status": "ready"} if row["status"] == "finished" else found


def _new(session: Transaction, request: JobRequest, queues: Sequence[Queue]) -> dict[str, Library]:
    """Make datasets and files of libraries that are to be built, and the jobs that build them."""
    datasets = _datasets(session, request, queues)
    ids = iter(new_ids.draw(session, JEDI_DATASET_CONT_FILEID_SEQ, 2 * len(queues)))
    made: dict[str, Library] = {}
    stored = []
    for queue, dataset in zip(queues, datasets, strict=True):
        library, log = (_file(request, dataset, kind, next(ids)) for kind in FILE_NAMES)
        stored += [library, log]
        made[queue.name] = _library(request, queue, dataset, library, log)
    output_files.store(session, stored)
    return made


def _datasets(
    session: Transaction, request: JobRequest, queues: Sequence[Queue]
) -> list[dict[str, Any]]:
    ids = new_ids.draw(session, JEDI_DATASETS_SEQ, len(queues))
    task = request.task["jeditaskid"]
    rows = [
        {
            "jeditaskid": task,
            "datasetid": number,
            "datasetname": _name(request, index),
            "type": KIND,
            "status": "defined",
            "vo": request.task["vo"],
            "cloud": request.job_cloud,
            "site": queue.name,
            "creationtime": request.when,
            "modificationtime": request.when,
        }
        for index, (number, queue) in enumerate(zip(ids, queues, strict=True))
    ]
    if rows:
        copy_rows(session, JediDatasets, [*rows[0]], ([*row.values()] for row in rows))
    return rows


def _name(request: JobRequest, index: int) -> str:
    """Return the name of a library's dataset, with the moment; of each queue another."""
    moment = request.when + timedelta(microseconds=index)
    task = request.task["jeditaskid"]
    return f"panda.{moment:%m%d%H%M%S}.{moment.microsecond}.lib._{task:06d}"


def _file(request: JobRequest, dataset: Row, kind: str, number: int) -> dict[str, Any]:
    return {
        **NEW_FILE,
        "jeditaskid": dataset["jeditaskid"],
        "datasetid": dataset["datasetid"],
        "fileid": number,
        "creationdate": request.when,
        "lfn": f"{dataset['datasetname']}.{number}.{FILE_NAMES[kind]}",
        "type": kind,
        "scope": scope_of(dataset),
    }


def _library(request: JobRequest, queue: Queue, dataset: Row, library: Row, log: Row) -> Library:
    spec = {**dataset, "containername": None, "storagetoken": None, "attributes": None}
    spec["destination"] = queue.name
    output = {**file_rows.of_output(request, library, spec), "type": "output"}
    outputs = [output, file_rows.of_output(request, log, spec)]
    used = {name: one for name, one in output.items() if name != "destinationdblock"}
    used |= {
        "type": "input",
        "dispatchdblock": dataset["datasetname"],
        "proddblocktoken": file_rows.LOCAL,
    }
    return Library(used, _build(request, queue, dataset, outputs))


def _build(
    request: JobRequest, queue: Queue, dataset: Row, outputs: list[dict[str, Any]]
) -> NewJob:
    values = {
        **job_columns.of_task(request, queue),
        **_build_columns(request, queue),
        "destinationdblock": dataset["datasetname"],
        "destinationse": queue.name,
    }
    spec = request.spec("buildSpec")
    archive = spec.get("tarBallViaDDM")
    if archive:
        outputs = [*outputs, file_rows.tarball(request, archive)]
        values["proddblock"] = outputs[-1]["dataset"]
    return NewJob(values, outputs, _parameters(request, outputs[0]["lfn"]))


def _build_columns(request: JobRequest, queue: Queue) -> dict[str, Any]:
    facts = request.facts(queue)
    ncores = 1 if request.task["corecount"] == 1 else facts.cores
    ram, limit = resources.LIBRARY_MEMORY * ncores, int(queue.facts.get("maxrss") or 0)
    label = request.required("buildSpec", "prodSourceLabel")
    return {
        "jobname": request.task["taskname"],
        "transformation": request.required("buildSpec", "transPath"),
        "prodsourcelabel": label,
        "job_label": _job_label(label, queue.facts),
        "attemptnr": 1,
        "maxattempt": 1,
        "assignedpriority": 0,
        "corecount": ncores,
        "hs06": resources.power(facts, ncores),
        "minramcount": min(ram, limit) if limit else ram,
        **resources.fixed_walltimes(request, facts, WALLTIME_KEY),
        "specialhandling": special_handling.of_build(request),
    }


def _job_label(label: str, facts: Mapping[str, Any]) -> str:
    """Return the kind of job that a queue takes a label for."""
    kind = facts.get("type")
    users = kind == "analysis" or (kind == "unified" and label in ("user", "panda"))
    return "user" if users else "managed"


def _parameters(request: JobRequest, library: str) -> str:
    """Return the parameters of a build job; other placeholders stay."""
    text = request.required("buildSpec", "jobParameters")
    values = {
        "OUT": library,
        "IN": request.spec("buildSpec").get("archiveName"),
        "SURL": request.taskparams.get("sourceURL"),
    }
    for name, value in values.items():
        if value is not None:
            text = text.replace(f"${{{name}}}", str(value))
    return text
