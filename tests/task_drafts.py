"""Drafts for tests without a database."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pandadb.core.tasks.refinement.drafts import Draft

NEW = {"jeditaskid": 7, "status": "registered", "splitrule": None, "parent_tid": 7}
PARAMETERS: dict[str, Any] = {
    "taskName": "t", "userName": "u", "vo": "wlcg", "prodSourceLabel": "managed",
    "taskType": "prod", "taskPriority": 500, "architecture": None, "transUses": "",
    "transHome": None, "processingType": "simul",
    "jobParameters": [
        {"type": "template", "param_type": "input", "value": "--in=${IN}", "dataset": "mc:a"},
        {"type": "template", "param_type": "output", "value": "--o=o.${SN}", "dataset": "mc:o"},
    ],
    "log": {"type": "template", "param_type": "log", "value": "l.${SN}", "dataset": "mc:l"},
}  # fmt: skip


def draft(status: str = "registered", splitrule: str | None = None, **parameters: Any) -> Draft:
    """Return a draft of a task with these parameters beside the usual ones."""
    return Draft(
        {**NEW, "status": status, "splitrule": splitrule, "frozentime": None},
        deepcopy({**PARAMETERS, **parameters}),
        values={"vo": "wlcg", "eventservice": 0},
    )
