"""Requests for tasks: a new row of T_TASK, or a task of the same name that runs again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from pandadb.core.jobs.creation.issued_ids import NumberTaken
from pandadb.core.sql.expressions import now
from pandadb.core.sql.transaction import connection_of
from pandadb.core.sql.validation import InvalidValue, check_columns
from pandadb.core.tasks.requesters import Requester, admit
from pandadb.core.tasks.submission import limits, resubmissions
from pandadb.core.tasks.submission.name_locks import lock_names
from pandadb.core.tasks.submission.parameters import (
    InvalidTask,
    Parameters,
    check_task,
    encode_parameters,
    fitted,
)
from pandadb.models import JediTasks, TTask
from pandadb.models.schemas.deft import PRODSYS2_TASK_SEQ

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

TASK, DEFT = JediTasks.__table__.c, TTask.__table__.c
USER_TYPE, USER_PRIORITY = "anal", 1000
"""Type and priority of tasks of users without the production role."""
USUAL_PRIORITY = 100


class SubmissionCode(IntEnum):
    """The outcome of a request, in the numbers of PanDA's server."""

    ACCEPTED = 0
    QUEUED = 1
    """A task of that name waits to be taken over."""
    ACTIVE = 2
    """A task of that name has not ended yet."""
    REACTIVATED = 3
    """A task of that name runs again, with the new parameters."""
    CHANGED = 5
    """A task of that name is active and has some parameters changed."""
    TOO_MANY = 10
    """The user has too many active tasks."""
    NO_PARENT = 11
    BANNED = 12
    """The user is disabled; the server has no number for it, but `False`."""


@dataclass(frozen=True)
class SubmissionAnswer:
    """The answer to a request."""

    code: SubmissionCode
    text: str
    jeditaskid: int | None = None
    """The task that the answer is about."""

    @property
    def is_accepted(self) -> bool:
        """Whether something was done."""
        return self.code in (
            SubmissionCode.ACCEPTED,
            SubmissionCode.REACTIVATED,
            SubmissionCode.CHANGED,
        )


def submit(
    session: Transaction,
    parameters: Parameters,
    requester: Requester,
    *,
    parent: int | None = None,
    allow_active: bool = False,
) -> SubmissionAnswer:
    """Submit a task: it waits in T_TASK to be taken over (semantics 3.2, `insertTaskParams`).

    A user's task with `uniqueTaskName`, or with `allow_active`, is looked for by its name first:
    if it has ended, it runs again with the new parameters; with `allow_active` one that runs has
    them changed. `parentTaskName` names the parent; otherwise it is `parent`.

    Raises:
        InvalidTask: These are no parameters of a task.
    """
    given = _completed(check_task(parameters), requester)
    lock_names(session, _locked_names(given, requester))
    if not admit(session, requester):
        return SubmissionAnswer(SubmissionCode.BANNED, f"The user {requester.name} is disabled.")
    if name := given.get("parentTaskName"):
        parent = _task_of(session, given["userName"], name)
        if parent is None:
            text = f"There is no parent task {name!r} of the user {given['userName']}."
            return SubmissionAnswer(SubmissionCode.NO_PARENT, text)
    if old := _refused_or_old(session, given, allow_active=allow_active):
        return old
    task = _insert(session, given, parent)
    return SubmissionAnswer(SubmissionCode.ACCEPTED, f"Task {task} is submitted.", task)


def _refused_or_old(
    session: Transaction, given: Parameters, *, allow_active: bool
) -> SubmissionAnswer | None:
    """Return the answer if no new task is to be made: for its user or its name; else None."""
    if refusal := limits.exceeded(session, given["prodSourceLabel"], given["userName"]):
        return SubmissionAnswer(SubmissionCode.TOO_MANY, refusal)
    is_unique = given.get("uniqueTaskName") is True or allow_active
    if given["taskType"] != USER_TYPE or not is_unique:
        return None
    return _again(session, given, allow_active=allow_active)


def _completed(parameters: Parameters, requester: Requester) -> Parameters:
    """Return the parameters with user, type and priority; only production may choose these."""
    given: Parameters = json.loads(encode_parameters(parameters))
    if not requester.production_role or given.get("userName") is None:
        given["userName"] = requester.name
    if not requester.production_role or given.get("taskType") is None:
        given |= {"taskType": USER_TYPE, "taskPriority": USER_PRIORITY}
        if given.get("official") is True and requester.working_group is not None:
            given["workingGroup"] = requester.working_group
    return given


def _locked_names(given: Parameters, requester: Requester) -> list[str]:
    names = [f"user {requester.name}"]
    if given.get("uniqueTaskName") is True:
        names.append(f"task {given['taskName']}")
    return names


def _task_of(session: Transaction, user: str, name: str) -> int | None:
    """Return the youngest task of a user with that name."""
    found = select(func.max(TASK.jeditaskid)).where(TASK.username == user, TASK.taskname == name)
    number: int | None = connection_of(session).scalar(found)
    return number


def _again(
    session: Transaction, given: Parameters, *, allow_active: bool
) -> SubmissionAnswer | None:
    """Return the answer if there is a task of that name; None if it is new."""
    old = resubmissions.youngest(session, given)
    if old is None:
        queued = resubmissions.queued(session, given)
        text = f"Task {queued} with the name {given['taskName']!r} is queued already."
        return None if queued is None else SubmissionAnswer(SubmissionCode.QUEUED, text, queued)
    task, status = old
    words = f"Task {task} with the name {given['taskName']!r} is {status}"
    if status in resubmissions.END_STATES:
        resubmissions.reactivate(session, task, given)
        return SubmissionAnswer(SubmissionCode.REACTIVATED, f"{words}; it will run again.", task)
    if allow_active and resubmissions.is_changeable(status, given):
        resubmissions.change(session, task, given)
        return SubmissionAnswer(
            SubmissionCode.CHANGED, f"{words}; its parameters are changed.", task
        )
    text = f"{words}: submit it again when it is {', '.join(resubmissions.END_STATES)}."
    return SubmissionAnswer(SubmissionCode.ACTIVE, text, task)


def _insert(session: Transaction, given: Parameters, parent: int | None) -> int:
    """Insert the row of T_TASK; return its number."""
    priority = fitted(DEFT.priority.type, given.get("taskPriority"))
    row: dict[str, Any] = {
        "status": "waiting",
        "vo": given["vo"],
        "prodsourcelabel": given["prodSourceLabel"],
        "username": given["userName"],
        "taskname": given["taskName"],
        "jedi_task_parameters": encode_parameters(given),
        "priority": USUAL_PRIORITY if priority is None else priority,
    }
    row["current_priority"] = row["priority"]
    try:
        check_columns(TTask, row)
    except InvalidValue as error:
        raise InvalidTask(str(error)) from None
    task = next_number(session)
    row |= {"taskid": task, "parent_tid": task if parent is None else parent, "submit_time": now()}
    connection_of(session).execute(insert(TTask.__table__).values(row))
    return task


def next_number(session: Transaction) -> int:
    """Draw the number of a task.

    Raises:
        NumberTaken: A task has it already.
    """
    drawn = select(PRODSYS2_TASK_SEQ.next_value().label("task")).cte("drawn")
    drawn = drawn.prefix_with("MATERIALIZED")
    taken = [
        select(column).where(column == select(drawn.c.task).scalar_subquery()).exists()
        for column in (DEFT.taskid, TASK.jeditaskid)
    ]
    task, *found = connection_of(session).execute(select(drawn.c.task, *taken)).one()
    if any(found):
        raise NumberTaken(
            f"Task {task} exists already: the sequence {PRODSYS2_TASK_SEQ.name} is behind its"
            " tables. Nothing was changed; let it go on above them: pandadb db fix-sequences"
        )
    return int(task)
