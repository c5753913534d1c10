"""A job to submit, with its satellites, as Python has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

JOB: dict[str, Any] = {
    "jobname": "benchmark",
    "jobstatus": "defined",
    "jobdefinitionid": 0,
    "jeditaskid": 1000,
    "taskid": 1000,
    "vo": "atlas",
    "produserid": "/DC=org/CN=somebody",
    "produsername": "somebody",
    "prodsourcelabel": "managed",
    "processingtype": "simul",
    "workinggroup": "AP_SIMUL",
    "transformation": "Sim_tf.py",
    "homepackage": "AtlasOffline/21.0.15",
    "assignedpriority": 500,
    "currentpriority": 500,
    "attemptnr": 1,
    "maxattempt": 3,
    "computingsite": "BENCHMARK",
    "cloud": "WORLD",
    "gshare": "Simulation",
    "resource_type": "SCORE",
    "corecount": 1,
    "maxcpucount": 0,
    "minramcount": 2000,
    "maxdiskcount": 500,
    "ipconnectivity": "yes",
    "proddblock": "mc16.in",
    "lockedby": "other",
}
FILE: dict[str, Any] = {
    "status": "ready",
    "dataset": "mc16.in",
    "proddblock": "mc16.in",
    "destinationdblock": "mc16.out",
    "scope": "mc16",
    "jeditaskid": 1000,
    "fsize": 1_000_000,
}
TYPES = ("input", "input", "output", "log")


def satellites(pandaid: int, row_ids: Sequence[int] = range(4)) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that belong to a job, by their tables."""
    files = [
        {**FILE, "row_id": row_id, "pandaid": pandaid, "type": kind, "lfn": f"file.{row_id}"}
        for row_id, kind in zip(row_ids, TYPES, strict=False)
    ]
    return {
        "filestable4": files,
        "jobparamstable": [{"pandaid": pandaid, "jobparameters": "--parameter value" * 50}],
        "metatable": [{"pandaid": pandaid, "metadata": '{"key": 1}' * 50}],
    }
