"""The task after jobs were made of its input, or were not: job generation 4."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, func, update

from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.tasks import split_rules
from pandadb.core.tasks.changes.status_changes import set_status
from pandadb.core.tasks.states import GENERATING, HOLDABLE
from pandadb.models import JediTasks, TTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.generation.job_request import JobRequest
    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction

TASK, DEFT = JediTasks.__table__.c, TTask.__table__.c
CHANGED_STATES = (*GENERATING, "pending")
"""States in which a generator changes a task."""
DEFT_STATES = {"running": "running", "scouting": "submitting"}
"""States of T_TASK, by that of the task; in others it is left as it is."""
COMES_AT_ONCE = ("running", "scouting")
"""States of tasks that may be picked again at once."""
PAST = timedelta(hours=1)
"""The time before now that a task that may come again at once was last changed."""
MOVING, REGISTERING, REGISTERED = "3", "1", "2"
"""Values of RD: datasets are to be moved, to be registered, are registered."""


def submitted(session: Transaction, request: JobRequest, host: str) -> str:
    """Set the state of a task with new jobs, and note when it began; return the state.

    Jobs that merge do not change it. Scouts that were skipped, and datasets that are registered
    now, are noted in its split rules.
    """
    task = request.task
    status = _next_status(request)
    values: dict[str, Any] = {"errordialog": None, "frozentime": None}
    if (rules := _rules(request, status)) != task["splitrule"]:
        values["splitrule"] = rules
    ids = [task["jeditaskid"]]
    deft = DEFT_STATES.get(status)
    set_status(session, ids, status, host=host, was=CHANGED_STATES, values=values, deft=deft)
    _start(session, task, status)
    return status


def held(session: Transaction, task: Row, reason: str, host: str) -> str:
    """Put a task on hold with a reason; return its state."""
    if task["status"] not in HOLDABLE:
        return str(task["status"])
    values = {"oldstatus": task["status"], "errordialog": reason[:_LONGEST_REASON]}
    ids = [task["jeditaskid"]]
    set_status(session, ids, "pending", host=host, was=CHANGED_STATES, values=values)
    frozen = update(JediTasks.__table__).where(TASK.jeditaskid.in_(ids))
    session.execute(frozen.where(TASK.frozentime.is_(None)).values(frozentime=now()))
    return "pending"


_LONGEST_REASON = TASK.errordialog.type.length or 255  # type: ignore[attr-defined]


def released(
    session: Transaction, tasks: Sequence[int], worked_on: Sequence[int], generator: str
) -> None:
    """Unlock the tasks that a generator has locked.

    Of those with input that may come again at once, the last change looks old.
    """
    early = now() - bindparam("past", PAST)
    time = case(
        (is_among(TASK.jeditaskid, worked_on).is_(False), TASK.modificationtime),
        (TASK.status.in_(COMES_AT_ONCE), early),
        else_=now(),
    )
    free = update(JediTasks.__table__).where(
        is_among(TASK.jeditaskid, tasks), TASK.lockedby == generator
    )
    session.execute(free.values(lockedby=None, lockedtime=None, modificationtime=time))


def _next_status(request: JobRequest) -> str:
    if request.is_merging:
        return str(request.task["status"])
    return "scouting" if request.chunk.is_scouting else "running"


def _rules(request: JobRequest, status: str) -> str | None:
    rules: str | None = request.task["splitrule"]
    scouts = request.rules.get("US") == split_rules.SCOUTS
    if status == "running" and not request.is_merging and scouts:
        rules = _changed(rules, "US", split_rules.NO_SCOUTS)
    if request.rules.get("RD") in (REGISTERING, MOVING) and not request.is_unmerged:
        rules = _changed(rules, "RD", REGISTERED)
    return rules


def _changed(rules: str | None, code: str, value: str) -> str:
    """Return split rules with another number in the place of a code's."""
    return re.sub(rf"(^|,){code}=\d+", rf"\g<1>{code}={value}", rules or "")


def _start(session: Transaction, task: Row, status: str) -> None:
    """Note in T_TASK when the task began: now with scouts, else when that is not known yet."""
    starts = {"scouting": now(), "running": func.coalesce(DEFT.start_time, now())}
    if status in starts:
        started = update(TTask.__table__).where(DEFT.taskid == task["jeditaskid"])
        session.execute(started.values(start_time=starts[status]))
