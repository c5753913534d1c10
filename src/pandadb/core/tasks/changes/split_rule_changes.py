"""Split rules of many tasks, changed in one statement: JEDI_TASKS.splitrule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Text, bindparam, update

from pandadb.core.sql.id_arrays import array, unnested
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue, mistake_in
from pandadb.core.tasks.row_locks import lock_tasks
from pandadb.core.tasks.split_rules import change_rule, format_rules, parse_rules
from pandadb.models import JediTasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction

TASK = JediTasks.__table__.c


def change(
    session: Transaction,
    tasks: Sequence[int],
    rule: str,
    value: str | int | None,
    lock: Lock = Lock.WAIT,
) -> list[int]:
    """Set a split rule of tasks, by its name or code, or take it away; return the tasks.

    Raises:
        InvalidValue: There is no such rule, or the rules of a task get too long.
        TasksLocked: A task is locked for longer than the lock timeout.
    """
    found = lock_tasks(session, tasks, lock, "splitrule")
    new = {}
    for task, row in found.items():
        rules = format_rules(change_rule(parse_rules(row.splitrule), rule, value)) or ""
        if why := mistake_in(JediTasks, "splitrule", rules):
            raise InvalidValue(f"{why}, of task {task}")
        if rules != (row.splitrule or ""):
            new[task] = rules
    write(session, new)
    return [*found]


def write(session: Transaction, rules: Mapping[int, str]) -> None:
    """Set the split rules of tasks, which are locked, to texts; none is a no-op."""
    if not rules:
        return
    given: Any = unnested(
        "given", jeditaskid=array("tasks"), splitrule=bindparam("rules", type_=ARRAY(Text))
    ).c
    changed = update(JediTasks.__table__).where(TASK.jeditaskid == given.jeditaskid)
    parameters = {"tasks": [*rules], "rules": [*rules.values()]}
    session.execute(changed.values(splitrule=given.splitrule), parameters)
