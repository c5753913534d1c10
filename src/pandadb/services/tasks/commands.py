"""Commands to tasks, and changes of their states and attributes: one transaction each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pandadb.core.sql import validation
from pandadb.core.tasks.changes import agent_states, attributes
from pandadb.core.tasks.commands import execution, redrives, requests
from pandadb.core.tasks.commands.acceptance import Accepted, AcceptResult
from pandadb.core.tasks.commands.catalog import COMMANDS, Command, UnknownCommand
from pandadb.core.tasks.commands.execution import ExecutionResult
from pandadb.core.tasks.commands.reassignments import reassign_comment
from pandadb.core.tasks.commands.requests import CommandAnswer, CommandCode, CommandRequest
from pandadb.core.tasks.requesters import Requester
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.database import Database

__all__ = [
    "COMMANDS",
    "IDLE",
    "AcceptResult",
    "Accepted",
    "Command",
    "CommandAnswer",
    "CommandCode",
    "CommandRequest",
    "ExecutionResult",
    "Requester",
    "UnknownCommand",
    "accept_commands",
    "carry_out_commands",
    "change_attribute",
    "change_priority",
    "change_split_rule",
    "reassign_comment",
    "request_command",
    "set_status",
]

IDLE = timedelta(minutes=5)
"""A command is carried out again after this time without a change of its task."""


def request_command(
    database: Database,
    tasks: int | Iterable[int],
    asked: CommandRequest,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> dict[int, CommandAnswer]:
    """Give a command to tasks; return the answer for each.

    Raises:
        InvalidValue: A task is no number.
        TasksLocked: A task was locked for longer than the lock timeout.
    """
    ids = validation.ids(tasks, "jeditaskid")
    with transaction(database, options) as connection:
        return requests.register(connection, ids, asked, options.lock)


def accept_commands(
    database: Database,
    *,
    vo: str | None = None,
    label: str | None = None,
    idle: timedelta = IDLE,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> AcceptResult:
    """Accept the commands that were given, and take up those that were interrupted.

    Interrupted is a command of a task that has not changed for `idle`; `vo` and `label` choose
    tasks among these. Several callers can run side by side.
    """
    with transaction(database, options) as connection:
        return redrives.accept_due(connection, idle, host=options.host, vo=vo, label=label)


def carry_out_commands(
    database: Database,
    accepted: Iterable[Accepted],
    options: VerbOptions = DEFAULT_OPTIONS,
) -> ExecutionResult:
    """Carry accepted commands out, or go on with them where jobs were waited for.

    Raises:
        JobsLocked, TasksLocked: A row was locked for longer than the lock timeout.
    """
    with transaction(database, options) as connection:
        return execution.carry_out(connection, accepted, host=options.host)


def set_status(
    database: Database,
    tasks: int | Iterable[int],
    status: str,
    *,
    was: Iterable[str] | None = None,
    error: str | None = None,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> dict[int, str]:
    """Set the state of tasks that are in one of the states `was`, or in any, as an agent does.

    Returns the tasks with the state that they were in; others are left as they are.

    Raises:
        UnknownState: No state has that name.
        InvalidValue: A task is no number, or the reason `error` is no text.
        TasksLocked: A task was locked for longer than the lock timeout.
    """
    ids = validation.ids(tasks, "jeditaskid")
    with transaction(database, options) as connection:
        return agent_states.set_state(
            connection, ids, status, host=options.host, was=was, error=error, lock=options.lock
        )


def change_priority(
    database: Database,
    tasks: int | Iterable[int],
    priority: int,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[int]:
    """Set the priority of tasks and of their live jobs; return the tasks.

    Raises:
        InvalidValue: The priority does not fit its column, or a task is no number.
        TasksLocked, JobsLocked: A row was locked for longer than the lock timeout.
    """
    ids = validation.ids(tasks, "jeditaskid")
    with transaction(database, options) as connection:
        return attributes.change_priority(connection, ids, priority, options.lock)


def change_attribute(
    database: Database,
    tasks: int | Iterable[int],
    name: str,
    value: Any,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    any_column: bool = False,
) -> list[int]:
    """Set a column of tasks and find their resource types anew; return the tasks.

    Memory, cores, wall time and CPU time can be changed; an agent sets `any_column` that does not
    go with the state.

    Raises:
        InvalidValue: There is no such column, it cannot be changed, or the value does not fit.
        TasksLocked: A task was locked for longer than the lock timeout.
    """
    ids = validation.ids(tasks, "jeditaskid")
    with transaction(database, options) as connection:
        return attributes.change_attribute(
            connection, ids, name, value, options.lock, any_column=any_column
        )


def change_split_rule(
    database: Database,
    tasks: int | Iterable[int],
    rule: str,
    value: str | int | None,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    any_rule: bool = False,
) -> list[int]:
    """Set a split rule of tasks, or take it away with None; return the tasks.

    The rule is given by its name or code. Some can be changed (job generation 7); an agent sets
    `any_rule`.

    Raises:
        InvalidValue: There is no such rule, it cannot be changed, or the rules get too long.
        TasksLocked: A task was locked for longer than the lock timeout.
    """
    ids = validation.ids(tasks, "jeditaskid")
    with transaction(database, options) as connection:
        return attributes.change_split_rule(
            connection, ids, rule, value, options.lock, any_rule=any_rule
        )
