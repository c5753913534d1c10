"""Commands that are due: those that were given, and those that were interrupted.

The tasks of interrupted ones are still in the state of a command.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Interval,
    String,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from pandadb.core.sql.expressions import constant, constants, now
from pandadb.core.tasks.commands import acceptance
from pandadb.core.tasks.commands.acceptance import Accepted
from pandadb.core.tasks.commands.catalog import COMMANDS
from pandadb.models import JediTasks, ProdSysComm

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import CTE, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.commands.acceptance import AcceptResult

TASK, COMMAND = JediTasks.__table__.c, ProdSysComm.__table__.c
DOING = {
    command.doing: command.name
    for command in COMMANDS.values()
    if command.doing and command.doing != "paused"
}
"""The command of each state of tasks while one is carried out."""
ANY = "any"


def accept_due(
    session: Transaction,
    idle: timedelta,
    *,
    host: str,
    vo: str | None = None,
    label: str | None = None,
) -> AcceptResult:
    """Accept the commands that were given, and take up those that were interrupted."""
    result = acceptance.accept(session, host=host)
    result.accepted += redrive(session, idle, vo=vo, label=label)
    return result


def redrive(
    session: Transaction, idle: timedelta, *, vo: str | None = None, label: str | None = None
) -> list[Accepted]:
    """Return the commands of tasks that have not changed for a time; `modificationtime` is now.

    `vo` and `label` choose tasks; None and `any` take all. Locked tasks are left out.
    """
    wanted = {"given_vo": _chosen(vo), "given_label": _chosen(label)}
    rows = session.execute(_statement(), {**wanted, "idle": idle}).all()
    return [Accepted(row.jeditaskid, row.command, row.comment, row.oldstatus) for row in rows]


def _chosen(word: str | None) -> str | None:
    return None if word == ANY else word


@cache
def _statement() -> Select[Any]:
    """Return the statement that selects the tasks with their commands, and touches them."""
    picked = _picked()
    touched = (
        update(JediTasks.__table__)
        .where(TASK.jeditaskid == picked.c.jeditaskid)
        .values(modificationtime=now())
        .cte("touched")
    )
    given = (
        select(func.nullif(func.max(COMMAND.comm_parameters), constant("")))
        .where(COMMAND.comm_task == picked.c.jeditaskid, picked.c.command == constant("incexec"))
        .scalar_subquery()
    )
    comment = func.coalesce(given, picked.c.errordialog).label("comment")
    return (
        select(picked.c.jeditaskid, picked.c.command, picked.c.oldstatus, comment)
        .order_by(picked.c.jeditaskid)
        .add_cte(touched)
    )


def _picked() -> CTE:
    """Return the part that locks the tasks."""
    # parameters with names of columns would be values of the update
    vo = bindparam("given_vo", type_=String)
    label = bindparam("given_label", type_=String)
    command = case(*((TASK.status == constant(s), constant(c)) for s, c in DOING.items()))
    return (
        select(TASK.jeditaskid, TASK.errordialog, TASK.oldstatus, command.label("command"))
        .where(
            TASK.status.in_(constants(DOING)),
            TASK.modificationtime < now() - bindparam("idle", type_=Interval),
            or_(vo.is_(None), TASK.vo == vo),
            or_(label.is_(None), TASK.prodsourcelabel == label),
        )
        .order_by(TASK.jeditaskid)
        .with_for_update(skip_locked=True)
        .cte("picked")
        .prefix_with("MATERIALIZED")
    )
