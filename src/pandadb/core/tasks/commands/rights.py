"""The right to command a task: its owner, the production role, or the role in its group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.tasks.commands.catalog import Right

if TYPE_CHECKING:
    from pandadb.core.tasks.commands.catalog import Command
    from pandadb.core.tasks.requesters import Requester


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
