"""Commands of tasks, and changes of their states and attributes."""

from __future__ import annotations

from typing import Any

from pandadb.errors import InvalidInput
from pandadb.services.tasks import commands
from pandadb.services.tasks.commands import Accepted, CommandCode, CommandRequest, Requester
from pandadb.services.tasks.min_task_ids import refresh_min_task_ids
from tests.compat.families.part import OPTIONS, Part


class Commands(Part):
    """Commands of tasks, and changes of their states and attributes."""

    accepted: list[Accepted]

    def command_task(
        self,
        task: int,
        command: str,
        user: str,
        *,
        production_role: bool,
        comment: str | None = None,
        qualifier: str | None = None,
    ) -> dict[str, Any]:
        """The op is behind the front door, which has checked the right of the user."""
        requester = Requester(user, production_role=production_role)
        try:
            asked = CommandRequest(command, requester, comment, qualifier, rights_checked=True)
        except InvalidInput as error:
            return {"code": int(CommandCode.FAILED), "text": str(error)}
        answer = commands.request_command(self.database, task, asked, OPTIONS)[task]
        return {"code": int(answer.code), "text": answer.text}

    def accept_commands(self, vo: str, label: str) -> dict[str, Any]:
        refresh_min_task_ids(self.database)
        done = commands.accept_commands(self.database, vo=vo, label=label, options=OPTIONS)
        self.accepted = done.accepted
        return {"tasks": sorted([one.task, one.command, one.old_status] for one in self.accepted)}

    def carry_out_commands(self) -> None:
        commands.carry_out_commands(self.database, self.accepted, OPTIONS)

    def set_task_status(
        self, task: int, status: str, was: list[str] | None = None, error: str | None = None
    ) -> dict[str, Any]:
        set_now = commands.set_status(
            self.database, task, status, was=was, error=error, options=OPTIONS
        )
        return {"done": True, "rows": len(set_now)}

    def change_priority(self, task: int, priority: int) -> dict[str, Any]:
        return {"rows": len(commands.change_priority(self.database, task, priority, OPTIONS))}

    def change_attribute(self, task: int, name: str, value: Any) -> dict[str, Any]:
        """The op is behind the front door, which lets only some columns be changed."""
        changed = commands.change_attribute(
            self.database, task, name, value, OPTIONS, any_column=True
        )
        return {"rows": len(changed)}

    def change_split_rule(self, task: int, name: str, value: Any) -> dict[str, Any]:
        """The op is behind the front door, which lets only some rules be changed."""
        changed = commands.change_split_rule(
            self.database, task, name, value, OPTIONS, any_rule=True
        )
        return {"rows": len(changed)}
