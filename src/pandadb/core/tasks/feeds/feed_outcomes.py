"""The state that a task goes to after a feed (semantics 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, exists, func, select, text

from pandadb.core.datasets.dataset_types import PRODUCED
from pandadb.core.statemachine.effects import NOW, NULL, Effect, moment
from pandadb.core.statemachine.machine import Transition
from pandadb.core.tasks import activity_periods
from pandadb.core.tasks.changes.status_changes import carry
from pandadb.core.tasks.states import STATES
from pandadb.models import JediDatasets

if TYPE_CHECKING:
    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.feeds.feed_plans import FeedPlan

DATASET = JediDatasets.__table__.c
BROKERED = ("managed", "test")
"""Labels of tasks that a brokerage gives a nucleus and their outputs a destination."""
WORLD = "WORLD"
"""The cloud of tasks that go to a nucleus."""


@dataclass(frozen=True)
class FeedOutcome:
    """The outcome of the feeds of a task's datasets."""

    waits: bool = False
    """Whether the task has to wait for input."""
    is_broken: bool = False
    finishes: bool = False
    """Whether it has no input, and may do without (AE)."""
    is_complete: bool = True
    """Whether all datasets are fed."""
    keeps_frozen_time: bool = True
    """Whether the time since when it waits counts; not while a parent task makes the input."""
    reason: str | None = None
    has_master: bool = False
    """Whether a master was fed."""
    master_is_open: bool = False
    nfiles: int = 0
    """Files of the masters."""
    nready: int = 0
    offset: int = 0


AT_ONCE = Effect("6 hours ago", lambda _task, _column: moment() - text("interval '6 hours'"))
"""So that the next agent takes the task at once."""
FROZEN = Effect("now, unless it is set", lambda t, column: func.coalesce(t[column], moment()))
UNLOCKED = {"lockedby": NULL, "lockedtime": NULL}

READY = Transition(
    "feed", ("defined",), "ready", "its input is there",
    effects={
        **UNLOCKED, "modificationtime": AT_ONCE, "frozentime": NULL,
    },
)  # fmt: skip
ASSIGNING = Transition(
    "feed", ("defined",), "assigning", "its input is there, a brokerage has to send it somewhere",
    effects={**UNLOCKED, "modificationtime": AT_ONCE, "frozentime": NOW},
)  # fmt: skip
PENDING = Transition(
    "feed", ("defined",), "pending", "its input is not there yet",
    effects={
        **UNLOCKED, "oldstatus": Effect("the state before", lambda t, _column: t["status"]),
        "frozentime": FROZEN,
    },
)  # fmt: skip
PENDING_FOR_PARENT = Transition(
    "feed", ("defined",), "pending", "its parent has not made enough input yet",
    effects={**PENDING.effects, "frozentime": NULL},
)  # fmt: skip
BROKEN = Transition(
    "feed", tuple(STATES), "tobroken", "its input is not usable",
    effects={**UNLOCKED, "frozentime": NULL},
)  # fmt: skip
FINISHING = Transition(
    "feed", ("defined",), "finishing", "it has no input, and may do without",
    effects={**UNLOCKED, "frozentime": NULL},
)  # fmt: skip
TRANSITIONS = (READY, ASSIGNING, PENDING, PENDING_FOR_PARENT, BROKEN, FINISHING)
"""Transitions of tasks by a feed."""


def conclude(session: Transaction, plan: FeedPlan, outcome: FeedOutcome, host: str) -> str:
    """Carry a task to its next state; return the state that it has then.

    A task that runs stays as it is, unless it is broken.
    """
    step = _step(session, plan, outcome)
    if step is None:
        return str(plan.task["status"])
    reason = outcome.reason or plan.task["errordialog"]
    moved = carry(
        session,
        step,
        [plan.jeditaskid],
        host=host,
        values={"errordialog": None if step in (READY, ASSIGNING) else reason},
        deft="assigning" if step is ASSIGNING else None,
    )
    activity_periods.settle(session, moved)
    return step.target if moved else str(plan.task["status"])


def _step(session: Transaction, plan: FeedPlan, outcome: FeedOutcome) -> Transition | None:
    if outcome.is_broken:
        return BROKEN
    if plan.task["status"] != "defined":
        return None
    if outcome.finishes:
        return FINISHING
    if outcome.waits:
        return PENDING if outcome.keeps_frozen_time else PENDING_FOR_PARENT
    if not outcome.is_complete:
        return None
    return ASSIGNING if _is_to_be_assigned(session, plan) else READY


def _is_to_be_assigned(session: Transaction, plan: FeedPlan) -> bool:
    """Return whether a brokerage has to find a cloud or nucleus, or destinations of outputs."""
    task = plan.task
    if task["prodsourcelabel"] not in BROKERED:
        return False
    if task["cloud"] is None:
        return True
    if task["cloud"] != WORLD:
        return False
    return not task["nucleus"] or bool(session.scalar(_unassigned(), {"task": plan.jeditaskid}))


@cache
def _unassigned() -> Select[Any]:
    return select(
        exists().where(
            DATASET.jeditaskid == bindparam("task"),
            DATASET.destination.is_(None),
            DATASET.type.in_(PRODUCED),
        )
    )
