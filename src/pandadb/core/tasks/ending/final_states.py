"""The final state of a task, by the share of its input that succeeded: semantics 3.5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.datasets.dataset_types import CLOSED_WITH_TASK, INPUTS
from pandadb.core.tasks.split_rules import has_rule, parse_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row

NO_INPUT = "failed due to no input"
NO_FILES = "failed since no file was successfully processed"
USELESS_PARENT = "failed since the parent task is {} although all files were processed"
BELOW_GOAL = "failed since the task completeness {:.1f} is less than the goal {:.1f}"
NO_PREPROCESSING = "Preprocessing step failed"
"""Reasons in `errordialog` are values that monitors and scripts look for: those of the server."""
WHOLE = 1000
"""The goal of a task without one, per mille."""
UNSUCCESSFUL = ("failed", "broken", "aborted")
"""Final states of tasks without any use."""
DECIDED = {"tobroken": "broken", "toabort": "aborted", "paused": "paused"}
"""States that decide the final one already."""
TO_PREPROCESS = "1"
"""Value of `usePrePro` until the preprocessing is done."""


@dataclass(frozen=True)
class Ending:
    """A task at its end, with its datasets, the state of its parent and its events."""

    task: Row[Any]
    datasets: Sequence[Row[Any]]
    parent_status: str | None = None
    """The state of its parent; None without one, or where that is gone."""
    has_finished_event: bool = False

    @property
    def rules(self) -> Mapping[str, str]:
        """The task's split rules, by code."""
        return parse_rules(self.task.splitrule)

    @property
    def has_parent(self) -> bool:
        """Whether the task reads the output of another one."""
        return self.task.parent_tid not in (None, self.task.jeditaskid)

    def masters(self) -> list[Row[Any]]:
        """Return the master datasets of the input, without those that were removed."""
        return [row for row in self.datasets if is_master_input(row) and row.status != "removed"]


@dataclass(frozen=True)
class FinalState:
    """The state that a task ends in, and the reason; None without one."""

    status: str
    reason: str | None = None


def is_master_input(dataset: Row[Any]) -> bool:
    """Return whether a dataset is input that jobs are made for."""
    return dataset.masterid is None and dataset.type in INPUTS


def completeness(masters: Iterable[Row[Any]]) -> float:
    """Return the part of the input that succeeded, per mille: of events, or else of files."""
    rows = [*masters]
    for of, done in (("nevents", "neventsused"), ("nfiles", "nfilesfinished")):
        whole, part = (sum(getattr(row, name) or 0 for row in rows) for name in (of, done))
        if whole:
            return float(part / whole * WHOLE)
    return 0.0


def final_state(ending: Ending, *, with_parent: bool = True) -> FinalState:
    """Return the state that a task ends in.

    `with_parent` is whether a parent that is not done makes less of it.
    """
    found = _by_files(ending, with_parent=with_parent)
    if found.status == "finished" and _fails_below_goal(ending):
        share, goal = completeness(ending.masters()), _goal(ending)
        if share < goal:
            found = FinalState("failed", BELOW_GOAL.format(share, goal))
    if has_rule(ending.rules, "hpoWorkflow") and ending.has_finished_event:
        found = FinalState("finished", found.reason)
    if found.status == "failed" and ending.rules.get("UP") == TO_PREPROCESS:
        before = f"{found.reason} " if found.reason else ""
        return FinalState("failed", f"{before}{NO_PREPROCESSING}")
    return found


def is_exhausted(ending: Ending) -> FinalState | None:
    """Return the state `exhausted` of a task that would be finished below its goal.

    It is for tasks with the rule `useExhausted`, unless a command finishes them; None for others.
    """
    task = ending.task
    if not has_rule(ending.rules, "useExhausted") or task.status == "passed":
        return None
    share, goal = completeness(ending.masters()), _goal(ending)
    is_reached = task.goal is not None and share >= goal
    if is_reached or final_state(ending).status != "finished":
        return None
    alone = final_state(ending, with_parent=False).status
    cause = "its parent was not complete" if alone == "done" else "it was not complete"
    return FinalState("exhausted", f"exhausted: {cause}, and the goal was not reached")


def _by_files(ending: Ending, *, with_parent: bool) -> FinalState:
    """Return the state by the numbers of files."""
    if ending.task.status in DECIDED:
        return FinalState(DECIDED[ending.task.status])
    masters = ending.masters()
    files = sum(row.nfiles or 0 for row in masters)
    finished = sum(row.nfilesfinished or 0 for row in masters)
    if files == finished == 0:
        return FinalState("failed", NO_INPUT)
    if finished == 0:
        return FinalState("failed", NO_FILES)
    if files != finished:
        return FinalState("finished")
    return _below_parent(ending) if with_parent and ending.has_parent else FinalState("done")


def _below_parent(ending: Ending) -> FinalState:
    """Return the state of a task with all files finished, as its parent allows."""
    parent = ending.parent_status
    if parent in UNSUCCESSFUL:
        return FinalState("failed", USELESS_PARENT.format(parent))
    may_grow = any(row.state == "mutable" for row in ending.datasets if is_master_input(row))
    return FinalState("finished" if parent != "done" or may_grow else "done")


def _fails_below_goal(ending: Ending) -> bool:
    """Return whether less than the goal is a failure: a task may be exhausted instead."""
    may_be_exhausted = has_rule(ending.rules, "useExhausted") and ending.task.status != "passed"
    return has_rule(ending.rules, "failGoalUnreached") and not may_be_exhausted


def _goal(ending: Ending) -> int:
    return WHOLE if ending.task.goal is None else int(ending.task.goal)


def of_dataset(row: Row[Any], status: str) -> str | None:
    """Return the state of a dataset as its task ends in a state; None leaves it as it is."""
    if status in UNSUCCESSFUL:
        return "failed"
    if row.type in CLOSED_WITH_TASK:
        is_partial = (row.nfiles or 0) > (row.nfilesfinished or 0) > 0
        return "finished" if is_partial else "done"
    return "done" if row.type.startswith(("trn_", "tmpl_")) else None
