"""Acceptance: commands that were given put their tasks into other states (semantics 3.3).

One statement for each command, however many tasks have it: see `accept_statement`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.sql.expressions import constants
from pandadb.core.tasks import task_jobs
from pandadb.core.tasks.commands import accept_statement, staged_files
from pandadb.core.tasks.commands.accept_statement import NO_STEP
from pandadb.core.tasks.commands.catalog import COMMANDS, Command
from pandadb.core.tasks.commands.requests import OWNER
from pandadb.core.tasks.row_locks import refusing_to_wait
from pandadb.core.tasks.states import TASKS
from pandadb.models import ProdSysComm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction

COMMAND = ProdSysComm.__table__.c
RESUMED = ("pending", "throttled")
"""States of a task that goes on from its state before, `oldstatus`."""


@dataclass(frozen=True)
class Accepted:
    """A command that is to be carried out."""

    task: int
    command: str
    comment: str | None
    old_status: str | None
    """The state to come back to."""


@dataclass
class AcceptResult:
    """The result of an acceptance of commands."""

    accepted: list[Accepted] = field(default_factory=list)
    """The commands that are to be carried out, also those of earlier runs that nothing came of."""
    done: dict[int, str] = field(default_factory=dict)
    """Tasks of commands that are done with their acceptance, each with the command."""
    refused: dict[int, str] = field(default_factory=dict)
    """Tasks of refused commands, each with the reason."""


def accept(session: Transaction, *, host: str, tasks: Sequence[int] | None = None) -> AcceptResult:
    """Accept the commands that were given, to all tasks or to those of the caller.

    Tasks that other transactions have locked are left.
    A refused command is `<command> failed` in PRODSYS_COMM, an accepted one `<command>ing`. A
    paused task without `oldstatus` has no state to be resumed to: its command waits.
    """
    result = AcceptResult()
    given = _given(session)
    for command in COMMANDS.values():
        if command.name in given:
            _accept(session, command, host, tasks, result)
    return result


def _given(session: Transaction) -> set[str]:
    """Return the commands that tasks have."""
    words = COMMAND.comm_cmd.in_(constants(COMMANDS))
    return {*session.scalars(select(COMMAND.comm_cmd).where(COMMAND.comm_owner == OWNER, words))}


def _accept(
    session: Transaction,
    command: Command,
    host: str,
    of_tasks: Sequence[int] | None,
    result: AcceptResult,
) -> None:
    chosen = of_tasks is not None
    ids = {} if of_tasks is None else {"tasks": [*of_tasks]}
    statement = accept_statement.statement(command, chosen=chosen)
    with refusing_to_wait():
        rows = session.execute(statement, {"host": host[:128], **ids}).all()
        unknown = session.scalars(accept_statement.without_task(command, chosen=chosen), ids).all()
    result.refused |= dict.fromkeys(unknown, f"the {command.name} command has no task")
    for row in rows:
        if row.step == NO_STEP:
            words = f"the {command.name} command is not for tasks that are {row.status}"
            result.refused[row.jeditaskid] = words
    accepted = [row for row in rows if row.step > NO_STEP]
    tasks = [row.jeditaskid for row in accepted]
    if command.held_jobs:
        task_jobs.set_state(session, tasks, *command.held_jobs)
    if command.name == "release":
        staged_files.release(session, tasks)
    for row in accepted:
        if _is_executed(command, row.step):
            result.accepted.append(_to_carry_out(command, row))
        else:
            result.done[row.jeditaskid] = command.name


def _to_carry_out(command: Command, row: Row[Any]) -> Accepted:
    comment = row.parameters if command.name == "incexec" and row.parameters else row.comment
    old = row.oldstatus if row.status in RESUMED else row.status
    return Accepted(row.jeditaskid, command.name, comment, old)


def _is_executed(command: Command, step: int) -> bool:
    """Return whether there is more to do for a task after a step of the command's verb."""
    if command.doing is None or command.name == "pause":
        return False
    return TASKS.steps(command.name)[step - 1].target == command.doing
