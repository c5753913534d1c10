"""The states of ranges of events and the transitions between them, as data; semantics 2.1, 2.13.

A range that is failed stays with its job; a copy of it, with an attempt less, goes back to the job
set: see `changes.copy_failed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.events.effects import (
    HAS_ATTEMPTS,
    IS_LAST,
    IS_OPEN,
    IS_SPENT,
    ONE_LESS,
    ONE_LESS_UNLESS_FREE,
    TO_FIRST_JOBSET,
    TO_JOB,
    TO_JOBSET,
    TO_NO_JOB,
)
from pandadb.core.events.states import KEY
from pandadb.core.statemachine.effects import NULL
from pandadb.core.statemachine.machine import Machine, State, Transition, by_name
from pandadb.models import JediEvents

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = (JediEvents,)
STATES: Mapping[str, State[type[JediEvents]]] = by_name(
    (
        State("ready", HERE, "it waits for a job, if it has attempts left"),
        State("sent", HERE, "a job has taken it"),
        State("running", HERE, "its job processes it"),
        State("finished", HERE, "its job has processed it"),
        State("cancelled", HERE, "it is not to be processed any more", final=True),
        State("discarded", HERE, "it was processed, and its output is not used", final=True),
        State("done", HERE, "it was processed, and its job has ended"),
        State("failed", HERE, "its job has failed to process it", final=True),
        State("fatal", HERE, "all its attempts are used up", final=True),
        State("merged", HERE, "its output is in a merged file", final=True),
        State("corrupted", HERE, "its output is unreadable", final=True),
    )
)

PROCESSED = ("finished", "done")
ENDED = (*PROCESSED, "discarded", "cancelled", "failed", "fatal", "corrupted")
OPEN = tuple(name for name in STATES if name not in ENDED)
"""States of ranges that are cancelled when they are not needed any more."""
_KEPT_AT_END = ("done", "failed", "discarded", "cancelled")
_KEPT_BY_SAMPLES = ("ready", "finished", "failed")


def _others(*names: str) -> tuple[str, ...]:
    return tuple(name for name in STATES if name not in names)


TRANSITIONS = (
    Transition("take", ("ready",), "sent", "a job takes it", (IS_OPEN,), {"pandaid": TO_JOB}),
    Transition("report", ("sent", "running"), "finished", "its job has processed it"),
    Transition("report", ("sent", "running"), "failed", "its job has failed to process it"),
    Transition("end", ("finished",), "done", "its job ends"),
    Transition(
        "end",
        _others(*_KEPT_AT_END, "finished"),
        "ready",
        "its job ends: what it has not processed goes back to the job set",
        effects={"pandaid": TO_JOBSET, "attemptnr": ONE_LESS_UNLESS_FREE},
    ),
    Transition(
        "release",
        ("sent", "running"),
        "ready",
        "its jumbo job ends: what it has not processed goes back to the job set",
        effects={
            "pandaid": TO_FIRST_JOBSET,
            "attemptnr": ONE_LESS_UNLESS_FREE,
            "is_jumbo": NULL,
        },
    ),
    Transition(
        "release samples",
        _others(*_KEPT_BY_SAMPLES),
        "ready",
        "its job of hyperparameter optimization ends",
        guards=(HAS_ATTEMPTS,),
        effects={"pandaid": TO_NO_JOB, "attemptnr": ONE_LESS},
    ),
    Transition(
        "release samples",
        _others(*_KEPT_BY_SAMPLES),
        "failed",
        "its job of hyperparameter optimization ends",
        guards=(IS_LAST,),
        effects={"attemptnr": ONE_LESS},
    ),
    Transition(
        "release segment",
        _others("finished"),
        "ready",
        "its fine-grained job ends",
        effects={"pandaid": TO_JOBSET},
    ),
    Transition(
        "give up",
        _others("fatal"),
        "fatal",
        "a part of the ranges is enough",
        guards=(IS_SPENT,),
    ),
    Transition("cancel", ("ready",), "cancelled", "its job set has failed"),
    Transition("discard", PROCESSED, "discarded", "its output is not to be used"),
    Transition("discard", OPEN, "cancelled", "its output is not to be used"),
    Transition("keep", PROCESSED, "done", "its file has a new job set, and its output is kept"),
    Transition("keep", OPEN, "cancelled", "its file has a new job set, or its job set failed"),
    Transition("cancel open", OPEN, "cancelled", "its jobs failed, and its output is kept"),
    Transition("merge", ("done",), "merged", "its output is merged"),
    Transition("corrupt", ("done",), "corrupted", "a merge job cannot read its output"),
)
"""Steps of one verb have other sources or guards: a range takes one of them."""

MACHINE: Machine[Any] = Machine("range of events", KEY, "status", STATES, TRANSITIONS)
