"""Changes of the state of tasks: JEDI_TASKS, the status log and T_TASK in one statement."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import String, bindparam, func, insert, literal, select, update

from pandadb.core.sql.expressions import constant
from pandadb.core.sql.id_arrays import is_given, is_one_of
from pandadb.core.sql.transaction import Lock, connection_of
from pandadb.core.statemachine import statement as machine_statement
from pandadb.core.statemachine.effects import moment
from pandadb.core.statemachine.machine import Transition
from pandadb.core.statemachine.statement import Carrying
from pandadb.core.tasks.states import STATES, TASKS
from pandadb.models import JediTasks, TasksStatusLog, TTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.sql.transaction import Transaction

TASK, DEFT = JediTasks.__table__.c, TTask.__table__.c
REASON_LENGTH = 255
"""Characters of `errordialog` that the status log keeps."""
DEFT_LENGTH = 12
"""Characters of T_TASK.status: `preprocessing` is longer, and cut."""
PICKED_COLUMNS = ("jeditaskid", "status", "attemptnr", "errordialog")


def carry(
    session: Transaction,
    step: Transition,
    tasks: Sequence[int],
    *,
    host: str,
    values: Mapping[str, Any] | None = None,
    deft: str | None = None,
    lock: Lock = Lock.WAIT,
) -> dict[int, str]:
    """Carry tasks through a transition; return those that were in its sources, with that state.

    A new state is logged with the beginning of `errordialog`. `values` are further columns of the
    tasks. `deft` is the state that T_TASK gets, `superstatus` with it; None leaves both.
    """
    if not tasks:
        return {}
    given = {**(values or {}), **({} if deft is None else {"superstatus": deft})}
    statement = _statement(step, tuple(given), deft is not None, lock)
    parameters = {**given, "pandaids": [*tasks], "host": host[:128], "deft": deft}
    found = connection_of(session).execute(statement, parameters)
    return {row.jeditaskid: row.status for row in found}


def set_status(
    session: Transaction,
    tasks: Sequence[int],
    status: str,
    *,
    host: str,
    was: Iterable[str] | None = None,
    values: Mapping[str, Any] | None = None,
    deft: str | None = None,
    lock: Lock = Lock.WAIT,
) -> dict[int, str]:
    """Set the state of tasks that are in one of the states `was`, or in any; see `carry`.

    Raises:
        UnknownState: No state has that name.
    """
    sources = tuple(TASKS.state(name).name for name in (STATES if was is None else was))
    step = _any_step(sources, TASKS.state(status).name)
    return carry(session, step, tasks, host=host, values=values, deft=deft, lock=lock)


@lru_cache(256)
def _any_step(sources: tuple[str, ...], target: str) -> Transition:
    return Transition("set", sources, target, "is set by an agent")


@lru_cache(256)
def _statement(
    step: Transition, values: tuple[str, ...], mirrored: bool, lock: Lock
) -> Select[Any]:
    carrying = Carrying(step, JediTasks, JediTasks, values, lock, machine=TASKS)
    picked = machine_statement.picked(carrying, PICKED_COLUMNS, is_given(TASK.jeditaskid))
    parts = machine_statement.moving(carrying, picked)
    logged = _logged(carrying, picked)
    mirror = [_mirrored(picked)] if mirrored else []
    return select(picked.c.jeditaskid, picked.c.status).add_cte(*parts.ctes, logged, *mirror)


def _logged(carrying: Carrying, picked: CTE) -> CTE:
    """Log the tasks with another state than before."""
    reason = _new(carrying, picked, "errordialog")
    row = {
        "jeditaskid": picked.c.jeditaskid,
        "modificationtime": moment(),
        "status": constant(carrying.step.target),
        "modificationhost": bindparam("host", type_=String),
        "attemptnr": _new(carrying, picked, "attemptnr"),
        "reason": func.left(reason, literal(REASON_LENGTH)),
    }
    rows = select(*row.values()).where(picked.c.status != row["status"])
    return insert(TasksStatusLog.__table__).from_select([*row], rows).cte("logged")


def _new(carrying: Carrying, picked: CTE, column: str) -> ColumnElement[Any]:
    """Return a column of the picked tasks as it is after the transition."""
    given, effect = carrying.given_values().get(column), carrying.step.effects.get(column)
    if given is not None:
        return cast("ColumnElement[Any]", given)
    return picked.c[column] if effect is None else cast("Any", effect.of(picked.c, column))


def _mirrored(picked: CTE) -> CTE:
    return (
        update(TTask.__table__)
        .where(is_one_of(DEFT.taskid, select(picked.c.jeditaskid)))
        .values(
            status=func.left(bindparam("deft", type_=String), literal(DEFT_LENGTH)),
            timestamp=moment(),
        )
        .cte("mirrored")
    )
