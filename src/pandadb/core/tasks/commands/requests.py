"""Requests: a command for tasks is checked and registered in PRODSYS_COMM (semantics 3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, literal, select

from pandadb.core.sql import validation
from pandadb.core.sql.id_arrays import array, is_hashed_in, unnested, written
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.commands import parameters, reassignments
from pandadb.core.tasks.commands.catalog import Command, known
from pandadb.core.tasks.commands.rights import has_production_role, lacks
from pandadb.core.tasks.row_locks import lock_tasks
from pandadb.models import ProdSysComm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.requesters import Requester

OWNER = "DEFT"
"""The owner of all commands to JEDI."""
COMMENT_LENGTH = 128
RETRIED_ALIVE = ("running", "scouting", "pending")
"""States of users' tasks with failed files that can be retried without a command."""
CHECKED_COLUMNS = ("status", "prodsourcelabel", "username", "workinggroup")


class CommandCode(IntEnum):
    """The answer to a request for a task, in PanDA's numbers."""

    REGISTERED = 0
    FAILED = 1
    UNKNOWN_TASK = 2
    NO_RIGHT = 3
    WRONG_STATE = 4
    RETRY_FILES = 5
    """A user's task that is still at work: its failed files can be retried; the text is its state.
    """


@dataclass(frozen=True)
class CommandAnswer:
    """The answer to a request for one task."""

    code: CommandCode
    text: str


@dataclass(frozen=True)
class CommandRequest:
    """A command as it is asked for.

    `comment` is kept with it and becomes `errordialog` of the task: for `reassign` it names the
    target, for `incexec` it may have the new parameters. `qualifier` goes before the words that
    the comment is made of if there is none: `soft` of finish, those of `retries` of retry.
    `parameters` are for incexec, of any length; None takes the comment's.

    Raises:
        UnknownCommand: There is no such command.
        InvalidValue: A text is too long or no text; the comment of reassign names no target, or
            that of incexec begins as JSON and is none.
    """

    command: str
    requester: Requester
    comment: str | None = None
    qualifier: str | None = None
    parameters: str | None = None
    rights_checked: bool = False
    """Whether the caller has checked the right to the command, as PanDA's front door does."""

    def __post_init__(self) -> None:
        known(self.command)
        for name in ("comment", "qualifier", "parameters"):
            if (text := getattr(self, name)) is not None:
                validation.check_text(name, text)
        if self.comment is not None and len(self.comment) > COMMENT_LENGTH:
            raise InvalidValue(
                f"comment is too long: {len(self.comment)} characters, {COMMENT_LENGTH} fit"
                " (parameters of incexec can be longer)"
            )
        if self.parameters is not None and self.command != "incexec":
            raise InvalidValue(f"parameters are for incexec, not for {self.command}")
        if self.command == "incexec":
            parameters.check(self.parameters or self.comment)
        if self.command == "reassign":
            reassignments.check(self.comment)

    def words(self) -> str:
        """Return the comment as it is kept."""
        if self.comment is not None:
            return self.comment
        before = f"{self.qualifier} " if self.qualifier else ""
        return f"{before}{self.command} by {self.requester.name}"[:COMMENT_LENGTH]


def register(
    session: Transaction, tasks: Sequence[int], asked: CommandRequest, lock: Lock = Lock.WAIT
) -> dict[int, CommandAnswer]:
    """Register a command for tasks; return the answer for each.

    A command replaces an earlier one of its task, whatever became of that. The rows of the tasks
    are locked, so that two requests leave one command.

    Raises:
        TasksLocked: A task was locked for longer than the lock timeout.
    """
    command = known(asked.command)
    found = lock_tasks(session, tasks, Lock.NOWAIT if lock is Lock.SKIP else lock, *CHECKED_COLUMNS)
    answers = {task: _answer(command, asked, task, found.get(task)) for task in tasks}
    _replace(session, [t for t, one in answers.items() if not one.code], asked)
    return answers


def _answer(
    command: Command, asked: CommandRequest, task: int, row: Row[Any] | None
) -> CommandAnswer:
    if row is None:
        return CommandAnswer(CommandCode.UNKNOWN_TASK, f"jeditaskid {task} is unknown")
    workinggroup, by = row.workinggroup, asked.requester
    if not asked.rights_checked and (
        why := lacks(by, command, owner=row.username, workinggroup=workinggroup)
    ):
        return CommandAnswer(CommandCode.NO_RIGHT, f"Command rejected for task {task}: {why}")
    if not _is_allowed(command, asked.comment, row.status):
        of_user = command.name == "retry" and row.prodsourcelabel == "user"
        if of_user and row.status in RETRIED_ALIVE:
            return CommandAnswer(CommandCode.RETRY_FILES, row.status)
        return CommandAnswer(CommandCode.WRONG_STATE, _rejected(command, row.status))
    if row.status in command.for_production and not has_production_role(by, workinggroup):
        text = f"{_rejected(command, row.status)} without the production role"
        return CommandAnswer(CommandCode.WRONG_STATE, text)
    return CommandAnswer(
        CommandCode.REGISTERED, f"The {command.name} command is registered for {task}"
    )


def _is_allowed(command: Command, comment: str | None, state: str) -> bool:
    """Return whether a command can be given; a reassignment that comes back to the state always."""
    back = command.name == "reassign" and reassignments.parse(comment).back
    return back or state in command.requested_in


def _rejected(command: Command, state: str) -> str:
    return f"Command rejected: the {command.name} command is not for tasks that are {state}"


def _replace(session: Transaction, tasks: Sequence[int], asked: CommandRequest) -> None:
    if not tasks:
        return
    table = ProdSysComm.__table__
    given = unnested("given", comm_task=array("tasks"))
    earlier = is_hashed_in(table.c.comm_task, select(given.c.comm_task))
    ids = {"tasks": written(tasks)}
    session.execute(delete(table).where(earlier), ids)
    row = {
        "comm_task": given.c.comm_task,
        "comm_owner": literal(OWNER),
        "comm_cmd": literal(asked.command),
        "comm_comment": literal(asked.words()),
        "comm_parameters": literal(asked.parameters, table.c.comm_parameters.type),
    }
    session.execute(
        insert(table).from_select([*row], select(*row.values())), {"tasks": written(tasks)}
    )
