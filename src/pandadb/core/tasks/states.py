"""The states of a task, sets of them for rules, and the transitions: all as data.

From semantics 3.1 to 3.3. The verbs of commands are carried out by `core/tasks/commands`: each
command is accepted (`kill`), with a state of the task while it is carried out, and ends (`kill
done`). The other verbs are of agents; these may set any state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.statemachine.effects import NOW, NULL
from pandadb.core.statemachine.machine import Machine, State, Transition, by_name
from pandadb.core.tasks.changes.effects import (
    AVALANCHE,
    BEFORE,
    CLEAR_OLD,
    FORMER,
    FORMER_OF_HELD,
    FROM_RUNNING,
    FROM_SCOUTING,
    SINCE,
    UNFREEZE,
    ago,
    came_from,
    frozen_in,
)
from pandadb.models import JediTasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.statemachine.effects import Effect

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

GENERATING = ("ready", "running", "scouting", "topreprocess", "preprocessing")
"""States of tasks that jobs are generated for."""
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
"""States that a task has to be in for a new site, unless it comes back to its state."""
NOT_REASSIGNABLE = ("failed", "aborted", "broken")
RELEASABLE = ("scouting", "pending", "running", "ready", "assigning", "defined")
NOT_PAUSABLE = ("finished", "failed", "done", "aborted", "broken", "paused")
ATTEMPT_ENDS = ("done", "finished", "failed", "broken", "aborted", "exhausted")
"""States that end an attempt of a task."""

ACCEPTED_IN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("kill", "finish"), tuple(name for name in STATES if name not in CLOSED)),
    "retry": RETRYABLE,
    "incexec": ("done", *RETRYABLE),
    "reassign": tuple(name for name in STATES if name not in NOT_REASSIGNABLE),
    "pause": tuple(name for name in STATES if name not in NOT_PAUSABLE),
    "resume": ("paused", "throttled", "staging"),
    "avalanche": ("scouting",),
    "release": RELEASABLE,
}
"""States of tasks that accept a command that was given; the others refuse it."""
HOLDABLE = (
    "ready", "running", "merging", "scouting", "defined", "topreprocess", "preprocessing",
    "registered", "prepared", "rerefine",
)  # fmt: skip
"""States of tasks that are put on hold, and come back to them."""
ENDING = ("running", "merging", "preprocessing", "ready", "throttled")
"""States of tasks that may have had all their inputs."""
TAKEN_AT_ONCE = {"modificationtime": ago(6)}
DONE: Mapping[str, Effect] = {**CLEAR_OLD, "modificationtime": ago(1)}
REASSIGNED: Mapping[str, Effect] = {"errordialog": NULL, "modificationtime": ago(1)}

AGENTS = (
    Transition("stage", ("registered",), "staging", "waits for its input from tape",
               effects={"oldstatus": BEFORE}),
    Transition("refine", ("registered", "staged", "rerefine"), "defined", "has its datasets"),
    Transition("refine", ("registered", "staged"), "topreprocess", "has to be preprocessed"),
    Transition("refine", ("registered", "staged"), "toabort", "has the name of another task"),
    Transition("break", ("registered", "staged", "rerefine", "defined", "scouting", "ready"),
               "tobroken", "cannot be refined, or has no input, or its scouts have failed"),
    Transition("empty", ("registered", "defined"), "finishing", "may have no input, and has none"),
    Transition("feed", ("defined",), "assigning", "has its files; its site is to be chosen",
               effects={"frozentime": NOW, **TAKEN_AT_ONCE}),
    Transition("feed", ("defined",), "ready", "has its files", effects=TAKEN_AT_ONCE),
    Transition("assign", ("assigning",), "ready", "has its cloud or nucleus"),
    Transition("generate", ("ready",), "scouting", "has its first jobs: scouts"),
    Transition("generate", ("ready",), "running", "has jobs"),
    Transition("generate", ("ready", "topreprocess"), "preprocessing", "has preprocessing jobs"),
    Transition("hold", HOLDABLE, "pending", "lacks something",
               effects={"oldstatus": BEFORE, "frozentime": SINCE}),
    *(Transition("reactivate", ("pending",), back, "is tried again", (came_from(back),), UNFREEZE)
      for back in HOLDABLE),
    Transition("exhaust", ("pending", "ready", "scouting", "prepared", "running"), "exhausted",
               "has waited for too long, cannot have jobs, or has too little success"),
    Transition("scout", ("scouting", "ready"), "scouted", "has enough results of scouts"),
    Transition("start", ("scouted",), "running", "has had its scouts", effects=TAKEN_AT_ONCE),
    Transition("throttle", ("running",), "throttled", "fails too often",
               effects={"oldstatus": BEFORE}),
    *(Transition("unthrottle", ("throttled",), back, "has waited long enough", (came_from(back),),
                 CLEAR_OLD) for back in ("running", "scouting", "ready")),
    Transition("prepare", ENDING, "prepared", "has had all its inputs"),
    Transition("prepare", ENDING, "defined", "has had its inputs, and its parent makes more"),
    Transition("prepare", ("preprocessing",), "registered", "is preprocessed"),
    *(Transition("end", ("prepared", "passed"), end, meaning) for end, meaning in (
        ("done", "has processed all input"), ("finished", "has processed part of its input"),
        ("failed", "has processed too little of its input"))),
    Transition("end", ("prepared",), "paused", "has to wait for its production"),
    Transition("end", ("toabort",), "aborted", "is aborted"),
    Transition("end", ("tobroken",), "broken", "is broken"),
    Transition("reassigned", ("reassigning",), "ready", "has no jobs any more"),
    Transition("reassigned", ("reassigning",), "assigning", "has no jobs and no site any more"),
    *(Transition("reassigned", ("reassigning",), back, "has no jobs any more, and its new site",
                 (came_from(back),), CLEAR_OLD) for back in ("running", "scouting", "pending")),
    Transition("retry child", ("finished", "failed", "aborted", "exhausted", "done"), "registered",
               "has a parent that is tried again"),
    Transition("abort child", ACCEPTED_IN["kill"], "toabort", "has a parent that has ended badly"),
)  # fmt: skip
"""Semantics 3.2. These steps are for the page of states; agents check more than that."""

COMMANDED = (
    Transition("kill", ACCEPTED_IN["kill"], "aborting", "is to be killed",
               effects={"oldstatus": FORMER}),
    Transition("kill done", ("aborting", "toabort"), "toabort", "has no jobs any more",
               effects=DONE),
    Transition("finish", ACCEPTED_IN["finish"], "finishing", "is to end as it is",
               effects={"oldstatus": FORMER}),
    Transition("finish done", ("finishing", "passed"), "passed", "has no jobs any more",
               effects=DONE),
    Transition("retry", ("exhausted",), "running", "goes on", (FROM_RUNNING,), UNFREEZE),
    Transition("retry", ("exhausted",), "scouting", "goes on", (FROM_SCOUTING,), UNFREEZE),
    Transition("retry", ACCEPTED_IN["retry"], "toretry", "is to be tried again",
               effects={"oldstatus": FORMER}),
    Transition("retry done", ("toretry",), "ready", "has files with new attempts"),
    Transition("incexec", ACCEPTED_IN["incexec"], "toincexec", "is to go on with more input",
               effects={"oldstatus": FORMER}),
    Transition("incexec done", ("toincexec",), "rerefine", "has new parameters"),
    Transition("reassign", ACCEPTED_IN["reassign"], "toreassign", "is to go elsewhere",
               effects={"oldstatus": FORMER_OF_HELD}),
    Transition("reassign done", ("toreassign", "reassigning"), "reassigning",
               "has no jobs where it was, and waits for the brokerage",
               effects=REASSIGNED),
    *(Transition("reassign back", ("toreassign",), back, "has its new site", (),
                 {**REASSIGNED, **CLEAR_OLD, **frozen_in(back)})
      for back in ACCEPTED_IN["reassign"]),
    Transition("pause", ACCEPTED_IN["pause"], "paused", "is held back",
               effects={"oldstatus": FORMER_OF_HELD}),
    Transition("resume", ("staging",), "staged", "waits no longer for its input",
               effects=CLEAR_OLD),
    *(Transition("resume", ("paused", "throttled"), back, "is held back no longer",
                 (came_from(back),), {"oldstatus": FORMER}) for back in ACCEPTED_IN["pause"]),
    Transition("avalanche", ACCEPTED_IN["avalanche"], "scouting", "waits no longer for scouts",
               effects={**CLEAR_OLD, "walltimeunit": AVALANCHE}),
)  # fmt: skip
"""Semantics 3.3. Of several steps of a verb a task takes the first that fits."""

TASKS = Machine(
    noun="task",
    key=("jeditaskid",),
    column="status",
    states=STATES,
    transitions=(*AGENTS, *COMMANDED),
    changed_at=("modificationtime",),
    entered_at=("statechangetime",),
)
