"""States of tasks as agents set them, with all that goes with a new state (semantics 3.4)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pandadb.core.sql import validation
from pandadb.core.sql.transaction import Lock
from pandadb.core.statemachine.machine import Transition
from pandadb.core.tasks import activity_periods, attempts
from pandadb.core.tasks.changes import deft_mirror
from pandadb.core.tasks.changes.effects import frozen_in
from pandadb.core.tasks.changes.status_changes import carry
from pandadb.core.tasks.row_locks import refusing_to_wait
from pandadb.core.tasks.states import ATTEMPT_ENDS, STATES, TASKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.core.sql.transaction import Transaction

ERROR_LENGTH = 510
"""Characters of `errordialog`; a longer reason is cut, as by the server."""


def set_state(
    session: Transaction,
    tasks: Sequence[int],
    status: str,
    *,
    host: str,
    was: Iterable[str] | None = None,
    error: str | None = None,
    lock: Lock = Lock.WAIT,
) -> dict[int, str]:
    """Set the state of tasks that are in one of the states `was`, or in any.

    Returns the tasks with the state that they were in. T_TASK and `superstatus` follow, as do the
    number of done jobs there, `frozentime` (set once a task is pending, kept while it is being
    assigned), the attempt of a task that ends, and the times of its queue. `error` is the reason,
    `errordialog`; None keeps the one before.

    Raises:
        UnknownState: No state has that name.
        InvalidValue: The reason is no text.
        TasksLocked: A task is locked: see `row_locks`.
    """
    sources = tuple(TASKS.state(name).name for name in (STATES if was is None else was))
    step = _step(sources, TASKS.state(status).name)
    if error is not None:
        validation.check_text("error", error)
    values = {} if error is None else {"errordialog": error[:ERROR_LENGTH]}
    with refusing_to_wait():
        before = carry(session, step, tasks, host=host, values=values, deft=status, lock=lock)
    deft_mirror.count_done_jobs(session, [*before])
    if status in ATTEMPT_ENDS:
        attempts.end(session, [task for task, state in before.items() if state != status])
    activity_periods.settle(session, [*before])
    return before


@lru_cache(256)
def _step(sources: tuple[str, ...], target: str) -> Transition:
    return Transition("set", sources, target, "is set by an agent", effects=frozen_in(target))
