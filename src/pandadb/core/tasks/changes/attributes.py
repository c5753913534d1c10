"""Attributes of tasks that operators change: priority, columns, split rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Text, bindparam, literal, update

from pandadb.core.shares import resource_types
from pandadb.core.sql import validation
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, is_given, unnested, written
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks import split_rules, task_jobs
from pandadb.core.tasks.changes import split_rule_changes
from pandadb.core.tasks.row_locks import lock_tasks, refusing_to_wait
from pandadb.models import JediTasks, TTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.sql.transaction import Transaction

TASK, DEFT = JediTasks.__table__.c, TTask.__table__.c
SET_BY_STATES = (
    "jeditaskid", "status", "oldstatus", "superstatus", "modificationtime", "statechangetime",
    "realmodificationtime", "frozentime", "attemptnr",
)  # fmt: skip
"""Columns that go with the state of a task."""
CHANGEABLE = ("ramcount", "walltime", "cputime", "corecount")
"""Columns that requests may change, as the API of PanDA's server has it."""
OF_RESOURCES = ("corecount", "ramcount", "baseramcount", "ramunit")
"""Columns that the resource type is found by."""
WITH_COMMAS = "AN"
"""The rule that has a list of numbers."""


def change_priority(
    session: Transaction, tasks: Sequence[int], priority: int, lock: Lock = Lock.WAIT
) -> list[int]:
    """Set the current priority of tasks and of their live jobs; return the tasks.

    T_TASK has it, too, also of a task that JEDI does not have.

    Raises:
        InvalidValue: The priority does not fit its column.
        TasksLocked, JobsLocked: A task or a job is locked for longer than the lock timeout.
    """
    validation.check_columns(JediTasks, {"currentpriority": priority})
    found = [*lock_tasks(session, tasks, lock)]
    given = {"pandaids": written(found)}
    changed = update(JediTasks.__table__).where(is_given(TASK.jeditaskid))
    session.execute(changed.values(currentpriority=literal(priority)), given)
    mirrored = update(TTask.__table__).where(is_given(DEFT.taskid))
    with refusing_to_wait():
        session.execute(
            mirrored.values(current_priority=literal(priority), timestamp=now()),
            {"pandaids": written(tasks)},
        )
    task_jobs.set_priority(session, found, priority)
    return found


def change_attribute(
    session: Transaction,
    tasks: Sequence[int],
    name: str,
    value: Any,
    lock: Lock = Lock.WAIT,
    *,
    any_column: bool = False,
) -> list[int]:
    """Set a column of tasks, by its name in any case; return the tasks.

    Their resource type is found anew from cores and memory (MB). Agents change `any_column` that
    does not go with the state; requests only those of `CHANGEABLE`.

    Raises:
        InvalidValue: There is no such column, it cannot be changed, or the value does not fit it.
        TasksLocked: A task is locked for longer than the lock timeout.
    """
    column = name.lower() if isinstance(name, str) else name
    validation.check_columns(JediTasks, {column: value})
    validation.check_given([column], SET_BY_STATES, "changes of the state")
    if not any_column and column not in CHANGEABLE:
        raise InvalidValue(f"{column} cannot be changed: {', '.join(CHANGEABLE)} can")
    found = [*lock_tasks(session, tasks, lock)]
    changed = update(JediTasks.__table__).where(is_given(TASK.jeditaskid))
    given = literal(value, TASK[column].type)
    session.execute(changed.values({column: given}), {"pandaids": written(found)})
    reset_resource_types(session, found)
    return found


def change_split_rule(
    session: Transaction,
    tasks: Sequence[int],
    rule: str,
    value: str | int | None,
    lock: Lock = Lock.WAIT,
    *,
    any_rule: bool = False,
) -> list[int]:
    """Set a split rule of tasks, by its name or code; return the tasks.

    None, no text and the word `None` take the rule away. Agents change `any_rule`; requests only
    those of `split_rules.CHANGEABLE`, as the API of PanDA's server has it.

    Raises:
        InvalidValue: There is no such rule, or it cannot be changed; the value is no text or
            number, or has a comma (only `AN` may); or the rules of a task get too long.
        TasksLocked: A task is locked for longer than the lock timeout.
    """
    text = None if value in (None, "", "None") else str(value)
    code = (split_rules.code_of if any_rule else split_rules.check_changeable)(rule)
    if text is not None:
        validation.check_text("the value of a split rule", text)
        if "," in text and code != WITH_COMMAS:
            raise InvalidValue(f"split rule {code} cannot have a comma in its value: {text!r}")
    return split_rule_changes.change(session, tasks, code, text, lock)


def reset_resource_types(session: Transaction, tasks: Sequence[int]) -> None:
    """Find the resource types of tasks by their cores and memory."""
    if not tasks:
        return
    types = resource_types.read(session)
    rows = lock_tasks(session, tasks, Lock.WAIT, *OF_RESOURCES)
    given = unnested(
        "given", jeditaskid=array("tasks"), resource_type=bindparam("types", type_=ARRAY(Text))
    )
    changed = (
        update(JediTasks.__table__)
        .where(TASK.jeditaskid == given.c.jeditaskid)
        .values(resource_type=given.c.resource_type)
    )
    found = [resource_types.of_task(row._asdict(), types) for row in rows.values()]
    session.execute(changed, {"tasks": [*rows], "types": found})
