"""Steps of a job's execution that its pilot reads from the end of the parameters: MS and OM."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pandadb.core.generation.job_request import NotGenerated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.generation.job_request import JobRequest

BEGIN, END = "<MULTI_STEP_EXEC>", "</MULTI_STEP_EXEC>"


def with_steps(request: JobRequest, parameters: str) -> str:
    """Return parameters with the steps of the execution, if the job has any, as JSON.

    Raises:
        NotGenerated: A part of the task's parameters is missing.
    """
    if request.has("multiStepExec"):
        return f"{parameters}{_written(_steps(request, parameters))}"
    if request.has("onSiteMerging"):
        return f"{parameters}{_written(_merge(request))}"
    return parameters


def _written(steps: Mapping[str, Any]) -> str:
    return f"{BEGIN}{json.dumps(steps)}{END}"


def _steps(request: JobRequest, parameters: str) -> dict[str, Any]:
    """Return the steps of the task, with the job's transformation and parameters in them."""
    path = _transformation(request)
    steps: dict[str, dict[str, str]] = {}
    for name, step in request.spec("multiStepExec").items():
        if not isinstance(step, dict) or not all(isinstance(text, str) for text in step.values()):
            raise NotGenerated(f"the step {name} of multiStepExec is no object of texts")
        steps[name] = {
            key: text.replace("${TRF_ARGS}", parameters).replace("${TRF}", path)
            for key, text in step.items()
        }
    return steps


def _transformation(request: JobRequest) -> str:
    if request.is_merging:
        return request.required("mergeSpec", "transPath")
    return str(request.task["transpath"] or "")


def _merge(request: JobRequest) -> dict[str, Any]:
    """Return what a job that merges on its site needs to know."""
    events = request.taskparams.get("nEventsPerOutputFile")
    if events is None:
        raise NotGenerated("a task that merges on the site (OM) needs nEventsPerOutputFile")
    found = {"esmergeSpec": {**request.spec("esmergeSpec"), "nEventsPerOutputFile": events}}
    if "nEventsPerInputFile" in request.taskparams:
        found["nEventsPerInputFile"] = request.taskparams["nEventsPerInputFile"]
    return found
