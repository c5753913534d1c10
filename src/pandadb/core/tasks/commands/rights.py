"""The right to command a task: its owner, the production role, or the role in its group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.sql.validation import InvalidValue, check_text
from pandadb.core.tasks.commands.catalog import Right

if TYPE_CHECKING:
    from pandadb.core.tasks.commands.catalog import Command


@dataclass(frozen=True)
class Requester:
    """A person or service that gives commands.

    Raises:
        InvalidValue: The name is empty, or no text.
    """

    name: str
    """As in `username` of tasks: the name of the certificate, without its other parts."""
    production_role: bool = False
    groups: tuple[str, ...] = ()
    """Working groups that the requester has the production role in."""

    def __post_init__(self) -> None:
        check_text("the requester's name", self.name)
        if not self.name.strip():
            raise InvalidValue("the requester has to have a name")


def has_production_role(requester: Requester, workinggroup: str | None) -> bool:
    """Return whether a requester has the production role for tasks of a working group."""
    return requester.production_role or workinggroup in requester.groups


def lacks(
    requester: Requester, command: Command, *, owner: str | None, workinggroup: str | None
) -> str | None:
    """Return why a requester may not give a command to a task, or None."""
    if has_production_role(requester, workinggroup):
        return None
    if command.right is Right.PRODUCTION:
        return f"the {command.name} command needs the production role"
    if requester.name != owner:
        return f"{requester.name} is not the owner of the task, and has no production role"
    return None
