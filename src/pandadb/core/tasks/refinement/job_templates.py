"""The template of the parameters of a task's jobs, and the identifier of their payload."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from pandadb.core.events.kinds import TAKES_RANGES
from pandadb.core.tasks.refinement.streams import is_number
from pandadb.core.tasks.submission.parameters import InvalidTask, Item, Parameters, is_given

if TYPE_CHECKING:
    from pandadb.core.tasks.refinement.drafts import Draft

UNDEFINED = "UnDefined"
SANDBOX = re.compile(r"-a ([^ ]+)")
"""A constant parameter with the archive of the user's files."""


def set_job_template(draft: Draft) -> None:
    """Set the template of the parameters of jobs, the identifier of their payload, and offsets.

    Raises:
        InvalidTask: `buildSpec` has no archive.
    """
    given = draft.parameters
    if given.get("mergeOutput") is True:
        draft.rules["MO"] = "1"
    items = given["jobParameters"]
    draft.job_parameters = "".join(_texts(items)).removesuffix(" ") + _merging(draft)
    draft.values["requesttype"] = _identifier(draft)
    seed, event = _offsets(items)
    if seed is not None:
        draft.rules["RS"] = str(seed)
    if event is not None:
        draft.rules["FT"] = str(event)
    draft.rules |= {"IT": "1", "IA": "1"}


def _texts(items: list[Item]) -> list[str]:
    """Return the texts of items that are not hidden, with a blank after each that has padding."""
    return [
        (
            f"<PANDA_ES_ONLY>{item['value']}</PANDA_ES_ONLY>"
            if item.get("es_only") is True
            else str(item["value"])
        )
        + ("" if item.get("padding") is False else " ")
        for item in items
        if is_given(item, "value") and item.get("hidden") is not True
    ]


def _offsets(items: list[Item]) -> tuple[int | None, int | None]:
    """Return the offsets of the random seed, and of the first event; None for none."""
    seed = event = None
    for item in items:
        value = str(item.get("value"))
        if not is_number(item) or item.get("hidden") is True:
            continue
        if "${RNDMSEED}" in value:
            seed = item.get("offset") or 0
        elif "${FIRSTEVENT}" in value and is_given(item, "offset"):
            event = item["offset"]
    return seed, event


def _merging(draft: Draft) -> str:
    """Return the program and the parameters of merge jobs of the event service."""
    is_event_service = draft.values["eventservice"] in TAKES_RANGES
    if not is_event_service or "OM" in draft.rules:
        return ""
    spec = draft.parameters.get("esmergeSpec") or {}
    program = spec.get("transPath", UNDEFINED)
    parameters = spec.get("jobParameters", UNDEFINED)
    return (
        f"<PANDA_ESMERGE_TRF>{program}</PANDA_ESMERGE_TRF>"
        f"<PANDA_ESMERGE_JOBP>{parameters}</PANDA_ESMERGE_JOBP>"
    )


def _identifier(draft: Draft) -> str:
    """Return an identifier that tasks with the same program, parameters and files have alike."""
    values = draft.values
    parts: list[Any] = [values.get(name) for name in ("transuses", "transhome", "transpath")]
    parts.append(re.sub(r"\$\{.*?\}", "", draft.job_parameters or ""))
    parts.append(sandbox_of(draft.parameters))
    return uuid.uuid5(uuid.NAMESPACE_DNS, "+".join(map(str, parts))).hex


def sandbox_of(given: Parameters) -> str | None:
    """Return the archive of the user's files; None for none.

    Raises:
        InvalidTask: `buildSpec` has no archive.
    """
    if is_given(given, "fixedSandbox"):
        return str(given["fixedSandbox"])
    if is_given(given, "buildSpec"):
        if not is_given(given["buildSpec"], "archiveName"):
            raise InvalidTask("archiveName is missing in buildSpec")
        return str(given["buildSpec"]["archiveName"])
    constants = (item for item in given["jobParameters"] if item["type"] == "constant")
    found = (SANDBOX.fullmatch(str(item.get("value"))) for item in constants)
    return next((one[1] for one in found if one), None)
