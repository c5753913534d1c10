"""Changes of state that differ from task to task, written in one statement.

`status_changes` carries tasks to one state; here each task has its own state, reason and further
columns. The caller has locked the tasks and has decided from their rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Interval,
    String,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    update,
)

from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, unnested
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.changes.status_changes import REASON_LENGTH
from pandadb.models import JediTasks, TasksStatusLog, TTask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import CTE, Select, TableValuedAlias

    from pandadb.core.sql.transaction import Transaction

TASK, DEFT = JediTasks.__table__.c, TTask.__table__.c
HOURS_BACK = timedelta(hours=6)
"""A `modificationtime` so far back has the next agent take the task at once (semantics 3.4)."""
ERROR_LENGTH = 510
"""Characters of `errordialog`."""


@dataclass(frozen=True)
class TaskOutcome:
    """The state that a task gets, and how it is written."""

    status: str
    errordialog: str | None = None
    oldstatus: str | None = None
    superstatus: str | None = None
    """None leaves it as it is."""
    deft: str | None = None
    """The state of T_TASK; None leaves its row as it is."""
    ago: timedelta | None = timedelta()
    """How long before now `modificationtime` is; None leaves it as it is."""
    is_logged: bool = True
    values: Mapping[str, Any] = field(default_factory=dict)
    """Further columns of JEDI_TASKS, the same names for all tasks of a call."""


def write(session: Transaction, outcomes: Mapping[int, TaskOutcome], *, host: str) -> None:
    """Write the states of tasks, the status log and T_TASK; `errordialog` is cut to its length.

    `statechangetime` is set only where the state is new, and so is the row of the log.
    """
    if not outcomes:
        return
    names = tuple(next(iter(outcomes.values())).values)
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for outcome in outcomes.values():
        for name in names:
            columns[name].append(outcome.values[name])
    each = outcomes.values()
    parameters = {
        "tasks": [*outcomes],
        "states": [one.status for one in each],
        "reasons": [one.errordialog and one.errordialog[:ERROR_LENGTH] for one in each],
        "olds": [one.oldstatus for one in each],
        "supers": [one.superstatus for one in each],
        "defts": [one.deft for one in each],
        "agos": [one.ago for one in each],
        "logs": [one.is_logged for one in each],
        "host": host[:128],
        **columns,
    }
    connection_of(session).execute(_statement(names), parameters)


@lru_cache(64)
def _statement(names: tuple[str, ...]) -> Select[Any]:
    given = _given(names)
    was = (
        select(TASK.jeditaskid, TASK.status, TASK.attemptnr)
        .where(TASK.jeditaskid == given.c.jeditaskid)
        .cte("was")
        .prefix_with("MATERIALIZED")
    )
    is_new = was.c.status != given.c.new_status
    new = {
        "status": given.c.new_status,
        "errordialog": given.c.reason,
        "oldstatus": given.c.old,
        "superstatus": func.coalesce(given.c.super, TASK.superstatus),
        "modificationtime": func.coalesce(now() - given.c.ago, TASK.modificationtime),
        "statechangetime": case((is_new, now()), else_=TASK.statechangetime),
        **{name: given.c[name] for name in names},
    }
    changed = (
        update(JediTasks.__table__)
        .where(TASK.jeditaskid == given.c.jeditaskid, was.c.jeditaskid == given.c.jeditaskid)
        .values(new)
        .cte("changed")
    )
    mirrored = (
        update(TTask.__table__)
        .where(DEFT.taskid == given.c.jeditaskid, given.c.deft.is_not(None))
        .values(status=given.c.deft, timestamp=now())
        .cte("mirrored")
    )
    ctes = (changed, _logged(given, was, names), mirrored)
    return select(func.count()).select_from(was).add_cte(*ctes)


def _logged(given: TableValuedAlias, was: CTE, names: tuple[str, ...]) -> CTE:
    """Log the tasks with another state than before."""
    row = {
        "jeditaskid": given.c.jeditaskid,
        "modificationtime": now(),
        "status": given.c.new_status,
        "modificationhost": bindparam("host", type_=String),
        "attemptnr": given.c.attemptnr if "attemptnr" in names else was.c.attemptnr,
        "reason": func.left(given.c.reason, literal(REASON_LENGTH)),
    }
    rows = (
        select(*row.values())
        .join_from(given, was, was.c.jeditaskid == given.c.jeditaskid)
        .where(given.c.logged, was.c.status != given.c.new_status)
    )
    return insert(TasksStatusLog.__table__).from_select([*row], rows).cte("logged")


def _given(names: tuple[str, ...]) -> TableValuedAlias:
    """Return the outcomes as a table, made of one array for each column."""
    text = ARRAY(String)
    own = {name: bindparam(name, type_=ARRAY(_unbounded(name))) for name in names}
    return unnested(
        "given",
        jeditaskid=array("tasks"),
        new_status=bindparam("states", type_=text),
        reason=bindparam("reasons", type_=text),
        old=bindparam("olds", type_=text),
        super=bindparam("supers", type_=text),
        deft=bindparam("defts", type_=text),
        ago=bindparam("agos", type_=ARRAY(Interval)),
        logged=bindparam("logs", type_=ARRAY(Boolean)),
        **own,
    )


def _unbounded(name: str) -> Any:
    """Return the type of a column without its width: a cast would cut a longer value silently."""
    kind = TASK[name].type
    return String() if isinstance(kind, String) else kind
