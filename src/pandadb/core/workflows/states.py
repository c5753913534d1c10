"""The states of sequences and of their steps, and the transitions between them: all as data.

A sequence that has not ended has a state that PanDA's server does not know, so that no agent of
workflows takes it when its lease has expired. Whether it runs follows from the lease.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.statemachine.effects import NOW, NULL, Effect
from pandadb.core.statemachine.machine import Machine, State, Transition, by_name
from pandadb.models import Workflows, WorkflowSteps

if TYPE_CHECKING:
    from collections.abc import Mapping

OPEN = "sequence"
"""The state of a sequence that has not ended; PRODSOURCELABEL of all sequences."""
RUNNING, INTERRUPTED = "running", "interrupted"
"""The two states that a user sees of an open sequence: with a lease, and without."""
HERE, STEP_HERE = (Workflows,), (WorkflowSteps,)
FREED: Mapping[str, Effect] = {"end_time": NOW, "locked_by": NULL, "lock_time": NULL}
RESTARTED: Mapping[str, Effect] = {"end_time": NULL, "check_time": NOW, "lock_time": NOW}
ENDED: Mapping[str, Effect] = {"end_time": NOW}

SEQUENCES: Machine[type[Workflows]] = Machine(
    noun="sequence",
    key=("workflow_id",),
    column="status",
    states=by_name(
        (
            State(OPEN, HERE, "it runs, or has no live lease and was interrupted"),
            State("done", HERE, "it has run to its end", final=True),
            State("failed", HERE, "an error in its section has ended it", final=True),
            State("cancelled", HERE, "a user has ended it", final=True),
        )
    ),
    transitions=(
        Transition("resume", (OPEN, "failed", "cancelled"), OPEN, "runs again, from its records",
                   effects=RESTARTED),
        Transition("finish", (OPEN,), "done", "has run to its end", effects=FREED),
        Transition("fail", (OPEN,), "failed", "has ended with an error", effects=FREED),
        Transition("cancel", (OPEN,), "cancelled", "is ended by a user", effects=FREED),
    ),
    changed_at=("modification_time",),
)  # fmt: skip
STEPS: Machine[type[WorkflowSteps]] = Machine(
    noun="step",
    key=("step_id",),
    column="status",
    states=by_name(
        (
            State(RUNNING, STEP_HERE, "its script runs, or was interrupted"),
            State("submitted", STEP_HERE, "its script has submitted jobs that have not ended"),
            State("done", STEP_HERE, "its script has succeeded, and its jobs have ended",
                  final=True),
            State("failed", STEP_HERE, "its script has failed", final=True),
            State("cancelled", STEP_HERE, "it was interrupted: a resumed sequence runs it again",
                  final=True),
        )
    ),
    transitions=(
        Transition("submit", (RUNNING,), "submitted", "has submitted jobs"),
        Transition("finish", (RUNNING, "submitted"), "done", "has ended", effects=ENDED),
        Transition("fail", (RUNNING,), "failed", "has ended with an error", effects=ENDED),
        Transition("cancel", (RUNNING,), "cancelled", "was interrupted", effects=ENDED),
    ),
    changed_at=("modification_time",),
)  # fmt: skip
