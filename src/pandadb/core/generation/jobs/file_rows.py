"""Rows of FILESTABLE4 for files of a task: job generation 3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pandadb.core.generation.outputs import scopes
from pandadb.core.jobs.files.file_status import INPUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Queue, Row, Slice

STATUS = {"disk": "ready", "remote": "ready", "cache": "cached"}
"""The state of an input, by where it is seen from the queue; else it is unknown."""
LOCAL = "local"
"""The token of inputs that are copied to the node, whatever the queue does."""
UNMERGED = "TOMERGE"
"""The token of outputs that are to be merged."""
NO_OUTPUT = "an"
"""The attribute of datasets, and the token of files, that a job need not make."""
OBJECT_STORE = re.compile(r"os=([^,]+)")
"""The attribute of datasets whose files are written by ranges of events."""
PSEUDO_NAMES = ("pseudo_dataset", "seq_number")
PSEUDO = "ps"
"""The attribute of datasets without files in any storage."""


def inputs(request: JobRequest, one: Slice) -> Iterator[dict[str, Any]]:
    """Yield the input files of a job, in the order of its slice."""
    local = bool(request.number("useLocalIO")) or (
        request.is_merging and "useLocalIO" in request.spec("mergeSpec")
    )
    for dataset, files in one.inputs:
        status = None if is_pseudo(dataset) else STATUS.get(one.queue.locality or "")
        for file in files:
            found = of_input(file, dataset, "input" if request.is_merging else file["type"])
            if status:
                found["status"] = status
            if local:
                found["proddblocktoken"] = LOCAL
            yield found


def of_input(file: Row, dataset: Row, kind: str) -> dict[str, Any]:
    """Return a file of a task as input of a job."""
    found = _of_task(file, dataset, kind)
    if kind in INPUTS[:2]:
        found["proddblock"] = dataset["datasetname"]
        if dataset["storagetoken"]:
            found["dispatchdblocktoken"] = dataset["storagetoken"]
    return found


def of_output(
    request: JobRequest, file: Row, dataset: Row, *, by_events: bool = False
) -> dict[str, Any]:
    """Return a file of a task as output or log of a job.

    Jobs of the event service, `by_events`, write into the object store of the dataset.
    """
    found = _of_task(file, dataset, file["type"])
    if request.task["vo"] in scopes.VOS:
        found["scope"] = scopes.scope_of_name(found["dataset"])
    found["destinationdblock"] = dataset["datasetname"]
    if dataset["storagetoken"]:
        found["destinationdblocktoken"] = dataset["storagetoken"].partition("/")[0]
    if dataset["destination"]:
        found["destinationse"] = dataset["destination"]
    store = OBJECT_STORE.search(dataset["attributes"] or "") if by_events else None
    if store:
        found["proddblocktoken"] = f"objectstore^{store[1]}"
    if NO_OUTPUT in (dataset["attributes"] or "").split(","):
        found["dispatchdblocktoken"] = NO_OUTPUT
    return found


def staying(file: dict[str, Any], queue: Queue, storage: str | None) -> dict[str, Any]:
    """Return an output that stays at the queue of its job, in its storage if that is known."""
    token = {"destinationdblocktoken": f"dst:{storage}"} if storage else {}
    return {**file, "destinationse": queue.name, **token}


def tarball(request: JobRequest, name: str) -> dict[str, Any]:
    """Return an archive of the user's sources that comes by the data management."""
    return {
        "lfn": name.rpartition(":")[2],
        "type": "input",
        "attemptnr": 0,
        "jeditaskid": request.task["jeditaskid"],
        "dataset": name.partition(":")[0],
        "proddblocktoken": LOCAL,
        "fsize": 0,
    }


def is_pseudo(dataset: Row) -> bool:
    """Return whether the files of a dataset only count."""
    attributes = (dataset["attributes"] or "").split(",")
    return (
        dataset["datasetname"] in PSEUDO_NAMES
        or dataset["type"] == "pp_input"
        or PSEUDO in attributes
    )


def is_unmerged(file: Row) -> bool:
    """Return whether a job's file is an output that is to be merged."""
    return file.get("destinationdblocktoken") == UNMERGED


def _of_task(file: Row, dataset: Row, kind: str) -> dict[str, Any]:
    return {
        "fileid": file["fileid"],
        "datasetid": dataset["datasetid"],
        "jeditaskid": dataset["jeditaskid"],
        "lfn": file["lfn"],
        "guid": file["guid"],
        "type": kind,
        "scope": file["scope"],
        "fsize": file["fsize"] or 0,
        "checksum": file["checksum"],
        "attemptnr": file["attemptnr"],
        "dataset": dataset["containername"] or dataset["datasetname"],
    }
