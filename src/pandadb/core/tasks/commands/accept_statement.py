"""The statement that accepts a command, for all tasks that have it, or for given ones of them.

Its states, guards and effects are the transitions of `states`: a task takes the first step of the
command's verb that fits. Its parts are: `picked`, the commands with their tasks, locked; `moment`;
`moved`, the tasks; `logged` and `mirrored`, the status log and T_TASK; `answered`, PRODSYS_COMM.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    not_,
    null,
    select,
    update,
)

from pandadb.core.sql.expressions import constant, constants
from pandadb.core.sql.id_arrays import array, is_hashed_in
from pandadb.core.statemachine.effects import moment
from pandadb.core.tasks.changes.deft_mirror import OTHER_WORDS
from pandadb.core.tasks.changes.status_changes import REASON_LENGTH
from pandadb.core.tasks.commands.requests import OWNER
from pandadb.core.tasks.states import TASKS
from pandadb.models import JediTasks, ProdSysComm, TasksStatusLog, TTask

if TYPE_CHECKING:
    from sqlalchemy import CTE, ColumnElement, Select

    from pandadb.core.statemachine.machine import Transition
    from pandadb.core.tasks.commands.catalog import Command

COMMAND, TASK, DEFT = ProdSysComm.__table__.c, JediTasks.__table__.c, TTask.__table__.c
NO_STEP, WAITS = 0, -1
"""Instead of the number of a step: the state of the task refuses the command, or the task has no
state to come back to, and the command waits for one.
"""


def given(command: Command, *, chosen: bool) -> list[ColumnElement[bool]]:
    """Match the rows of a command in PRODSYS_COMM; with `chosen` those of the `tasks`."""
    rows = [COMMAND.comm_owner == OWNER, COMMAND.comm_cmd == constant(command.name)]
    return [*rows, COMMAND.comm_task == func.any(array("tasks"))] if chosen else rows


def _picked(command: Command, step: ColumnElement[int], *, chosen: bool) -> CTE:
    """Return the part that locks the command rows with their tasks."""
    joined = COMMAND.comm_task == TASK.jeditaskid
    return (
        select(
            TASK.jeditaskid, TASK.status, TASK.oldstatus, TASK.walltimeunit, TASK.frozentime,
            TASK.attemptnr, COMMAND.comm_comment.label("comment"),
            COMMAND.comm_parameters.label("parameters"), step.label("step"),
        )
        .join_from(ProdSysComm, JediTasks, joined)
        .where(*given(command, chosen=chosen))
        .order_by(TASK.jeditaskid)
        .with_for_update(skip_locked=True)
        .cte("picked")
        .prefix_with("MATERIALIZED")
    )  # fmt: skip


def _number(verb: str) -> ColumnElement[int]:
    """Return the number of the first step that fits a task, `NO_STEP` or `WAITS`."""
    steps = TASKS.steps(verb)
    sources = {name for step in steps for name in step.sources}
    fits = [
        (
            and_(
                TASK.status.in_(constants(step.sources)),
                *(guard.of(TASK) for guard in step.guards),
            ),
            literal(number),
        )
        for number, step in enumerate(steps, start=1)
    ]
    return case(*fits, (TASK.status.in_(constants(sorted(sources))), literal(WAITS)), else_=NO_STEP)


@cache
def statement(command: Command, *, chosen: bool) -> Select[Any]:
    """Return the statement that accepts or refuses a command; `chosen`: of the given `tasks`."""
    if command.name not in TASKS.verbs:
        return _staying(command, chosen=chosen)
    picked = _picked(command, _number(command.name), chosen=chosen)
    at = func.max(func.timezone("UTC", func.clock_timestamp())).label("at")
    locked = select(at).select_from(picked).cte("moment").prefix_with("MATERIALIZED")
    parts = (
        locked,
        _moved(command, picked),
        *_mirroring(command, picked),
        _answered(command, picked),
    )
    return _result(picked).add_cte(*parts)


def _staying(command: Command, *, chosen: bool) -> Select[Any]:
    """Return the statement that accepts a command that leaves the state of its tasks."""
    fits = TASK.status.in_(constants(command.accepted_in))
    picked = _picked(command, case((fits, literal(1)), else_=NO_STEP), chosen=chosen)
    return _result(picked).add_cte(_answered(command, picked))


def _result(picked: CTE) -> Select[Any]:
    row = picked.c
    return select(
        row.jeditaskid, row.status, row.oldstatus, row.comment, row.parameters, row.step
    ).order_by(row.jeditaskid)


def _by_step(
    command: Command, picked: CTE, value: Any, otherwise: Any = None
) -> ColumnElement[Any]:
    """Return a value that depends on the step that a task takes."""
    steps = enumerate(TASKS.steps(command.name), start=1)
    return case(
        *((picked.c.step == number, value(step)) for number, step in steps), else_=otherwise
    )


def _moved(command: Command, picked: CTE) -> CTE:
    """Return the part that changes the tasks."""
    steps = TASKS.steps(command.name)

    def effect(column: str) -> ColumnElement[Any]:
        was = picked.c[column]

        def new(step: Transition) -> Any:
            return step.effects[column].of(picked.c, column) if column in step.effects else was

        return _by_step(command, picked, new, was)

    columns = dict.fromkeys(column for step in steps for column in step.effects)
    new = {
        "status": _by_step(command, picked, lambda step: constant(step.target)),
        "modificationtime": moment(),
        "statechangetime": moment(),
        "errordialog": picked.c.comment,
        **{column: effect(column) for column in columns},
    }
    if any(map(_is_mirrored, steps)):
        new["superstatus"] = func.coalesce(_by_step(command, picked, _deft), TASK.superstatus)
    found = (TASK.jeditaskid == picked.c.jeditaskid, picked.c.step > NO_STEP)
    return update(JediTasks.__table__).where(*found).values(new).cte("moved")


def _is_mirrored(step: Transition) -> bool:
    """Return whether a step goes into T_TASK and the status log: few do, as with the server."""
    back_to_work = step.verb == "retry" and step.target != "toretry"
    return back_to_work or step.target in ("paused", "staged")


def _deft(step: Transition) -> ColumnElement[Any]:
    """Return the state of T_TASK after a step that it follows, or NULL."""
    name = OTHER_WORDS.get(step.target, step.target)
    return constant(name) if _is_mirrored(step) else null()


def _mirroring(command: Command, picked: CTE) -> tuple[CTE, ...]:
    """Return the parts that mirror the state in T_TASK and `superstatus`, and log it."""
    if not any(map(_is_mirrored, TASKS.steps(command.name))):
        return ()

    mirror = (
        select(
            picked.c.jeditaskid,
            picked.c.attemptnr,
            picked.c.comment,
            _by_step(command, picked, lambda step: constant(step.target)).label("status"),
            _by_step(command, picked, _deft).label("deft"),
        )
        .where(picked.c.step > NO_STEP)
        .cte("mirror")
    )
    return _logged(mirror), _mirrored(mirror)


def _logged(mirror: CTE) -> CTE:
    row = {
        "jeditaskid": mirror.c.jeditaskid,
        "modificationtime": moment(),
        "status": mirror.c.status,
        "modificationhost": bindparam("host", type_=String),
        "attemptnr": mirror.c.attemptnr,
        "reason": func.left(mirror.c.comment, literal(REASON_LENGTH)),
    }
    rows = select(*row.values()).where(mirror.c.deft.is_not(None))
    return insert(TasksStatusLog.__table__).from_select([*row], rows).cte("logged")


def _mirrored(mirror: CTE) -> CTE:
    found = (DEFT.taskid == mirror.c.jeditaskid, mirror.c.deft.is_not(None))
    values = {"status": mirror.c.deft, "timestamp": moment()}
    return update(TTask.__table__).where(*found).values(values).cte("mirrored")


def _answered(command: Command, picked: CTE) -> CTE:
    """Return the part that writes the answer into PRODSYS_COMM."""
    row = picked.c
    answer = case(
        (is_hashed_in(COMMAND.comm_task, select(row.jeditaskid).where(row.step > NO_STEP)),
         constant(command.accepted)),
        else_=constant(command.refused),
    )  # fmt: skip
    return (
        update(ProdSysComm.__table__)
        .where(
            *given(command, chosen=False),
            is_hashed_in(COMMAND.comm_task, select(row.jeditaskid).where(row.step != WAITS)),
        )
        .values(comm_cmd=answer)
        .cte("answered")
    )


@cache
def without_task(command: Command, *, chosen: bool) -> Any:
    """Refuse commands without a task in JEDI; return the tasks."""
    return (
        update(ProdSysComm.__table__)
        .where(
            *given(command, chosen=chosen),
            not_(exists().where(TASK.jeditaskid == COMMAND.comm_task)),
        )
        .values(comm_cmd=constant(command.refused))
        .returning(COMMAND.comm_task)
    )
