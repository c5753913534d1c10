"""Requests for a task that exists: it runs again, or has parameters changed while it runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import check_columns
from pandadb.core.tasks.split_rules import CHANGEABLE
from pandadb.models import (
    JediDatasetContents,
    JediDatasets,
    JediTaskParams,
    JediTasks,
    ProdSysComm,
    TTask,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.submission.parameters import Parameters

TASK, DEFT, PARAMS = JediTasks.__table__.c, TTask.__table__.c, JediTaskParams.__table__.c
FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c
END_STATES = ("finished", "failed", "aborted", "done", "exhausted")
"""States of tasks that a request of the same name has run again."""
RUNNING = ("running", "scouting", "pending")
"""States of users' tasks that let a request change parameters."""
USER_LABEL = "user"
LATER_PARAMETERS = (
    "site", "cloud", "includedSite", "excludedSite", "cliParams", "nFiles", "nEvents",
    "fixedSandbox", "currentPriority", "ramCount", "forceStaged", *CHANGEABLE,
)  # fmt: skip
"""Parameters that a task takes from a later request, beside datasets: `dsFor…`."""
COMMAND, OWNER = "incexec", "DEFT"


def youngest(session: Transaction, given: Parameters) -> tuple[int, str] | None:
    """Return the youngest task of that name with its state, and lock it.

    Tasks of the same VO and label; of the same user, unless the task is an official one.
    """
    found = (
        select(TASK.jeditaskid, TASK.status)
        .where(*_alike(TASK, given))
        .order_by(TASK.jeditaskid.desc())
        .limit(1)
        .with_for_update()
    )
    row = connection_of(session).execute(found).first()
    return None if row is None else (row.jeditaskid, row.status)


def queued(session: Transaction, given: Parameters) -> int | None:
    """Return the youngest task of that name in T_TASK."""
    found = select(DEFT.taskid).where(*_alike(DEFT, given)).order_by(DEFT.taskid.desc()).limit(1)
    return connection_of(session).scalar(found)


def _alike(row: Any, given: Parameters) -> list[ColumnElement[bool]]:
    conditions = [
        row.vo == given["vo"],
        row.prodsourcelabel == given["prodSourceLabel"],
        row.taskname == given["taskName"],
    ]
    if given.get("official") is not True:
        conditions.append(row.username == given["userName"])
    return conditions


def is_changeable(status: str, given: Parameters) -> bool:
    """Return whether a task in that state has its parameters changed by the request."""
    return status in RUNNING and given["prodSourceLabel"] == USER_LABEL


def taken(given: Parameters) -> Parameters:
    """Return the parameters that an existing task takes from a request."""
    found: Parameters = {}
    for name, value in given.items():
        if name.startswith("dsFor") or name in LATER_PARAMETERS:
            found[name] = value
        elif name == "priority":
            found["currentPriority"] = value
        elif name == "loopingCheck":
            found["noLoopingCheck"] = not value
        if name == "fixedSandbox" and "sourceURL" in given:
            found["sourceURL"] = given["sourceURL"]
    return found


def reactivate(session: Transaction, task: int, given: Parameters) -> None:
    """Have a task run again with new parameters: the command incexec, and less memory at once.

    Raises:
        InvalidValue: `ramCount` is no whole number.
    """
    parameters = taken(given)
    if parameters.get("ramCount") is not None:
        _lower_memory(session, task, parameters["ramCount"])
    connection = connection_of(session)
    connection.execute(delete(ProdSysComm.__table__).where(ProdSysComm.comm_task == task))
    connection.execute(
        insert(ProdSysComm.__table__).values(
            comm_task=task,
            comm_owner=OWNER,
            comm_cmd=COMMAND,
            comm_parameters=json.dumps(parameters),
        )
    )


def _lower_memory(session: Transaction, task: int, ramcount: int) -> None:
    """Set the memory of a task (in its `ramunit`), and of input files that need more."""
    check_columns(JediTasks, {"ramcount": ramcount})
    inputs = select(DATASET.datasetid).where(DATASET.jeditaskid == task, DATASET.type.in_(INPUTS))
    files = update(JediDatasetContents.__table__).where(
        FILE.jeditaskid == task, FILE.datasetid.in_(inputs), FILE.ramcount > ramcount
    )
    connection = connection_of(session)
    connection.execute(files.values(ramcount=ramcount))
    lowered = update(JediTasks.__table__).where(TASK.jeditaskid == task)
    connection.execute(lowered.values(ramcount=ramcount))


def change(session: Transaction, task: int, given: Parameters) -> None:
    """Change parameters of a task that runs."""
    connection = connection_of(session)
    mine = PARAMS.jeditaskid == task
    text = connection.scalar(select(PARAMS.taskparams).where(mine).with_for_update())
    parameters = {**json.loads(text or "{}"), **taken(given)}
    changed = update(JediTaskParams.__table__).where(mine)
    connection.execute(changed.values(taskparams=json.dumps(parameters)))
