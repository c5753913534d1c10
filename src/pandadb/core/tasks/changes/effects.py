"""Effects and guards of transitions of tasks: the state to come back to, times dated back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, func, literal_column, null, or_

from pandadb.core.sql.expressions import constant, constants
from pandadb.core.statemachine.effects import NULL, Effect, Guard, moment, value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from pandadb.core.statemachine.effects import Columns


def former(*kept: str) -> Effect:
    """Keep the state in `oldstatus`; in some states that stays, and from paused it is cleared."""

    def of(task: Columns, _column: str) -> object:
        state = task["status"]
        return case(
            (state == constant("paused"), null()),
            (state.in_(constants(kept)), task["oldstatus"]),
            else_=state,
        )

    return Effect(f"the state before; from {' and '.join(kept)} as it is, from paused NULL", of)


def ago(hours: int) -> Effect:
    """Date a time back, so that agents take the task at once (semantics 3.4)."""
    return Effect(
        f"{hours} h ago", lambda _task, _column: moment() - literal_column(f"interval '{hours:d}h'")
    )


def came_from(state: str) -> Guard:
    """Be a task that comes back to a state."""
    return Guard(
        f"oldstatus is {state}",
        lambda task: func.coalesce(task["oldstatus"], constant("")) == constant(state),
        f"it does not come back to {state}",
    )


def _has_walltime(task: Columns) -> ColumnElement[bool]:
    return func.coalesce(task["walltimeunit"], constant("")) != constant("")


FORMER, FORMER_OF_HELD = former("pending"), former("pending", "throttled")
BEFORE = Effect("the state before", lambda task, _column: task["status"])
SINCE = Effect("now, unless it is set", lambda task, column: func.coalesce(task[column], moment()))
AVALANCHE = value("ava")
"""A unit of wall time that is none: agents do not wait for the scouts any more."""

FROM_RUNNING = Guard(
    "oldstatus is running, or scouting and the wall time is known",
    lambda task: or_(
        came_from("running").of(task), and_(came_from("scouting").of(task), _has_walltime(task))
    ),
    "it does not come back to running",
)
FROM_SCOUTING = came_from("scouting")

CLEAR_OLD: Mapping[str, Effect] = {"oldstatus": NULL}
UNFREEZE: Mapping[str, Effect] = {"oldstatus": NULL, "frozentime": NULL}


def frozen_in(state: str) -> Mapping[str, Effect]:
    """Return the effect of an agent's new state on `frozentime` (semantics 3.4).

    The server leaves it in all other states, though its code is written to clear it: only a retry
    and a reactivation do.
    """
    return {"frozentime": SINCE} if state == "pending" else {}
