"""The target of a reassignment, from the comment of the command: `site:QUEUE:y`."""

from __future__ import annotations

from dataclasses import dataclass

from pandadb.core.sql.validation import InvalidValue, mistake_in, shown
from pandadb.models import JediTasks

TARGETS = ("cloud", "nucleus", "site")
"""Columns of tasks; another first word of the comment means site."""
SOFT, KEEPS_JOBS = "soft reassign", "nokill reassign"
"""Words in a comment: only queued jobs are closed, or none."""


@dataclass(frozen=True)
class Reassignment:
    """Where a task is to go."""

    column: str = "site"
    value: str | None = None
    """None leaves the column; no text clears it, for the brokerage."""
    back: bool = False
    """Whether the task comes back to its state; otherwise the brokerage has it again."""


def parse(comment: str | None) -> Reassignment:
    """Return the target of a comment `key:value:y|n`; a comment of another form has none."""
    parts = (comment or "").split(":")
    if len(parts) < 3:
        return Reassignment()
    column = parts[0] if parts[0] in TARGETS else "site"
    return Reassignment(column, parts[1], parts[2] == "y")


def check(comment: str | None) -> None:
    """See that the target of a comment fits its column.

    Raises:
        InvalidValue: It does not.
    """
    target = parse(comment)
    if mistake := mistake_in(JediTasks, target.column, target.value):
        raise InvalidValue(f"the target of reassign is wrong: {mistake}, in {shown(comment)}")


def text(
    *,
    site: str | None = None,
    cloud: str | None = None,
    nucleus: str | None = None,
    mode: str | None = None,
) -> str:
    """Return the comment of a reassignment: to a site the task comes back to its state.

    `mode` is None, `soft` or `nokill`.

    Raises:
        InvalidValue: There is not one target, or no such mode.
    """
    given = {"site": site, "cloud": cloud, "nucleus": nucleus}
    targets = [(name, value) for name, value in given.items() if value is not None]
    if len(targets) != 1:
        raise InvalidValue("reassign needs one of site, cloud and nucleus")
    if mode not in (None, "soft", "nokill"):
        raise InvalidValue(f"mode of reassign is soft or nokill, not {shown(mode)}")
    ((name, value),) = targets
    if ":" in value:
        raise InvalidValue(f"{name} cannot have a colon in it: {shown(value)}")
    words = f"{name}:{value}:{'y' if name == 'site' else 'n'}"
    comment = words if mode is None else f"{words}:{mode} reassign"
    check(comment)
    return comment
