"""Outcomes of a refinement: the new state of a task, its columns, and the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pandadb.core.tasks.refinement.task_columns import SCOUT_COLUMNS
from pandadb.core.tasks.split_rules import format_rules, has_rule
from pandadb.core.tasks.states import HOLDABLE
from pandadb.core.tasks.submission.parameters import UnknownDataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.tasks.refinement.drafts import Draft, Row
    from pandadb.core.tasks.submission.parameters import InvalidTask

ERROR_LENGTH = 510
"""Characters of `errordialog`."""
NEW = ("registered", "staged")
"""States of tasks that are refined for the first time; others have datasets already."""
RUNNING_PARENT = "running"


@dataclass(frozen=True)
class Refinement:
    """The outcome of the refinement of a task."""

    jeditaskid: int
    status: str
    """The state that it is in now."""
    reason: str | None = None
    """Why it is there, if it is not as hoped."""


@dataclass
class Disposition:
    """The rows of a task that are written."""

    draft: Draft
    status: str
    reason: str | None
    values: Row
    """Columns of JEDI_TASKS, without state, reason and times."""
    is_registered: bool = False
    """Whether its datasets and templates are written."""
    is_frozen: bool = False
    """Whether `frozentime` begins, if it has not."""
    keeps_statechangetime: bool = False
    """Whether the time of the change of state stays, as the server leaves it at registration."""
    ago: timedelta = timedelta()
    """How long before now `modificationtime` is."""
    begins: bool = False
    """Whether a new attempt of the task begins."""
    deft: str | None = None
    """The state of T_TASK; None leaves it."""
    logged: Sequence[str] = ()
    """States that go into the log."""

    def report(self) -> Refinement:
        """Return the outcome for callers."""
        return Refinement(self.draft.number, self.status, self.reason)


def register(draft: Draft) -> Disposition:
    """Register the datasets of a task: it is `defined`.

    The server leaves `statechangetime` and an old reason as they are.
    """
    values = {**draft.values, "splitrule": format_rules(draft.rules)}
    return Disposition(
        draft,
        "defined",
        None,
        values,
        is_registered=True,
        keeps_statechangetime=True,
        begins=True,
        logged=["defined"],
    )


def abort_duplicate(draft: Draft, others: Sequence[int]) -> Disposition:
    """Abort a task with a name that has to be unique and is not; it loses the name."""
    reason = f"toabort: its name is that of {', '.join(f'task {number}' for number in others)}"
    values = {**register(draft).values, "taskname": None}
    return Disposition(
        draft,
        "toabort",
        reason[:ERROR_LENGTH],
        values,
        keeps_statechangetime=True,
        begins=True,
        logged=["toabort"],
    )


def give_up(draft: Draft, reason: str) -> Disposition:
    """Break a task that cannot be refined; its known columns are written."""
    values = {**draft.values}
    if values and draft.rules:
        values["splitrule"] = format_rules(draft.rules)
    return _changed(draft, "tobroken", reason, values)


def hold(draft: Draft, reason: str, *, is_frozen: bool) -> Disposition:
    """Put a task on hold, to be refined later."""
    was = draft.task["status"]
    values = _kept(draft)
    if was not in HOLDABLE:
        return _changed(draft, was, reason, values)
    made = _changed(draft, "pending", reason, {**values, "oldstatus": was})
    made.is_frozen = is_frozen
    return made


def stage(draft: Draft) -> Disposition:
    """Have a task wait until its input is on disk."""
    values = {**_kept(draft), "oldstatus": draft.task["status"], "superstatus": "staging"}
    made = _changed(draft, "staging", "waits until its input is staged", values)
    made.deft = "staging"
    return made


def follow_error(draft: Draft, error: InvalidTask, parent: str | None) -> Disposition:
    """Return the disposition after an error in a task's datasets, given the state of its parent.

    An unknown input may still come, or need not, if the parameters say so.
    """
    is_unknown = isinstance(error, UnknownDataset)
    unwaiting, waiting = has_rule(draft.rules, "noWaitParent"), has_rule(draft.rules, "waitInput")
    may_be_empty = has_rule(draft.rules, "allowEmptyInput")
    if parent == RUNNING_PARENT:
        return hold(draft, f"waits until its parent makes its input; {error}", is_frozen=False)
    if is_unknown and unwaiting and not may_be_empty:
        return hold(draft, f"waits for its input, with its parent {parent}", is_frozen=True)
    if is_unknown and may_be_empty and (unwaiting or not waiting):
        return _changed(draft, "finishing", f"finishes: {error}", _kept(draft))
    if is_unknown and waiting:
        return hold(draft, f"waits until its input is there: {error}", is_frozen=True)
    return give_up(draft, f"cannot be refined: {error}")


def _kept(draft: Draft) -> Row:
    """Return the columns of a task that will be refined again: without measured values."""
    left = (*SCOUT_COLUMNS, "eventservice")
    return {name: value for name, value in draft.values.items() if name not in left}


def _changed(draft: Draft, status: str, reason: str, values: Row) -> Disposition:
    is_new = status != draft.task["status"]
    return Disposition(
        draft, status, reason[:ERROR_LENGTH], values, logged=[status] if is_new else []
    )
