"""The states of a task, and sets of them for rules: semantics 3.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.statemachine.machine import Machine, State, by_name
from pandadb.models import JediTasks

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = (JediTasks,)

STATES: Mapping[str, State[type[JediTasks]]] = by_name(
    (
        State("registered", HERE, "it is taken from T_TASK and has no attributes yet"),
        State("staging", HERE, "its input is being staged from tape"),
        State("staged", HERE, "its input is staged"),
        State("rerefine", HERE, "its parameters are to be read again, after incexec"),
        State("topreprocess", HERE, "its preprocessing is to be generated"),
        State("preprocessing", HERE, "its preprocessing runs"),
        State("defined", HERE, "its datasets are known, their files are to be fed"),
        State("assigning", HERE, "it waits for the task brokerage"),
        State("ready", HERE, "jobs may be generated"),
        State("scouting", HERE, "its scout jobs run"),
        State("scouted", HERE, "its scout jobs have ended"),
        State("running", HERE, "all its jobs may run"),
        State("merging", HERE, "its outputs are being merged (no longer set)"),
        State("pending", HERE, "it is on hold, with a reason"),
        State("throttled", HERE, "it has had too many failed attempts, and waits"),
        State("paused", HERE, "a command has paused it"),
        State("prepared", HERE, "all its inputs are done"),
        State("passed", HERE, "its finish command is carried out"),
        State("toabort", HERE, "it is to be aborted"),
        State("tobroken", HERE, "it is to be broken"),
        State("aborting", HERE, "a kill command is being carried out"),
        State("finishing", HERE, "a finish command is being carried out"),
        State("toretry", HERE, "a retry command is being carried out"),
        State("toincexec", HERE, "an incexec command is being carried out"),
        State("toreassign", HERE, "a reassign command is being carried out"),
        State("reassigning", HERE, "its jobs are being killed, to go elsewhere"),
        State("exhausted", HERE, "it has given up; it can be retried or reassigned"),
        State("done", HERE, "all its input was processed", final=True),
        State("finished", HERE, "part of its input was processed", final=True),
        State("failed", HERE, "too little of its input was processed", final=True),
        State("aborted", HERE, "a command has killed it", final=True),
        State("broken", HERE, "it cannot be used as it is", final=True),
    )
)

TASKS = Machine(
    noun="task",
    key=("jeditaskid",),
    column="status",
    states=STATES,
    transitions=(),
    changed_at=("modificationtime",),
    entered_at=("statechangetime",),
)

GENERATING = ("ready", "running", "scouting", "topreprocess", "preprocessing")
"""States in which jobs are generated."""
CLOSED = (
    "finished", "done", "prepared", "broken", "tobroken", "aborted", "toabort", "aborting",
    "failed", "passed",
)  # fmt: skip
"""States that no agent and no command changes from outside."""
RETRYABLE = ("finished", "failed", "aborted", "exhausted")
REASSIGNABLE = (
    "registered", "defined", "ready", "running", "scouting", "scouted", "pending", "assigning",
    "exhausted",
)  # fmt: skip
NOT_PAUSABLE = ("finished", "failed", "done", "aborted", "broken", "paused")
ATTEMPT_ENDS = ("done", "finished", "failed", "broken", "aborted", "exhausted")
"""States in which an attempt of a task ends."""
