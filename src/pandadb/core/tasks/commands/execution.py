"""Commands carried out: jobs ended, files given up or tried again, and the states of the tasks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks import activity_periods, retries
from pandadb.core.tasks.changes import deft_mirror, split_rule_changes
from pandadb.core.tasks.changes.status_changes import carry
from pandadb.core.tasks.commands import (
    initial_shares,
    job_kills,
    parameters,
    reassignments,
    unfinished_files,
)
from pandadb.core.tasks.commands.catalog import COMMANDS
from pandadb.core.tasks.row_locks import lock_tasks
from pandadb.core.tasks.states import ACCEPTED_IN, TASKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.commands.acceptance import Accepted

QUALIFIERS = {
    "discard": "discard_events",
    "staged": "release_unstaged",
    "keep": "keep_share_priority",
    "transcend": "ignore_limits",
}
"""Words in the comment of retry and incexec, with the options of `retries` that they set."""
SOLE = "sole"
"""The word that leaves child tasks alone."""


@dataclass
class ExecutionResult:
    """The result of carrying commands out."""

    tasks: dict[int, str] = field(default_factory=dict)
    """Tasks with a command that is done, each with its new state."""
    waiting: dict[int, list[int]] = field(default_factory=dict)
    """Tasks that wait for jobs to end, each with these."""
    refused: dict[int, str] = field(default_factory=dict)
    """Tasks that are left as they are, each with the reason."""


def carry_out(session: Transaction, accepted: Iterable[Accepted], *, host: str) -> ExecutionResult:
    """Carry commands out that were accepted, or go on with them.

    Tasks that other transactions have locked, and those that are not in the state of their command
    any more, are left. The number of statements does not grow with tasks, jobs or files; there are
    more for different targets of reassignment, qualifiers of retry, and comments of kills.
    """
    orders = {one.task: one for one in accepted}
    rows = lock_tasks(session, [*orders], Lock.SKIP, "status")
    result = ExecutionResult()
    ready = []
    for task, one in orders.items():
        if why := _obstacle(one, rows.get(task)):
            result.refused[task] = why
        else:
            ready.append(one)
    ending = [one for one in ready if COMMANDS[one.command].kill_code]
    result.waiting = job_kills.end_jobs(session, ending, host)
    free = [one for one in ending if one.task not in result.waiting]
    _complete(session, free, host, result)
    for command in ("retry", "incexec"):
        _retry(session, [one for one in ready if one.command == command], command, host, result)
    return result


def _obstacle(one: Accepted, row: Row[Any] | None) -> str | None:
    """Return why a command cannot be carried out, or None."""
    command = COMMANDS.get(one.command)
    if command is None or command.doing is None:
        return f"{one.command} is no command that is carried out after its acceptance"
    if row is None:
        return "the task is locked by another transaction, or unknown"
    at_once = command.kill_code is not None and row.status == command.next
    if row.status != command.doing and not at_once:
        return f"the task is {row.status}, and {one.command} is carried out in {command.doing}"
    return None


def _complete(
    session: Transaction,
    free: Sequence[Accepted],
    host: str,
    result: ExecutionResult,
) -> None:
    """End the commands of tasks without jobs that are to end."""
    killed, finished = _tasks(free, "kill"), _tasks(free, "finish")
    (step,) = TASKS.steps("kill done")
    result.tasks |= dict.fromkeys(carry(session, step, killed, host=host), step.target)
    unfinished_files.give_up(session, finished)
    split_rule_changes.change(session, finished, "failGoalUnreached", None)
    (step,) = TASKS.steps("finish done")
    result.tasks |= dict.fromkeys(carry(session, step, finished, host=host), step.target)
    _reassign(session, [one for one in free if one.command == "reassign"], host, result)
    activity_periods.settle(session, [*killed, *finished])


def _tasks(accepted: Iterable[Accepted], command: str) -> list[int]:
    return [one.task for one in accepted if one.command == command]


def _reassign(
    session: Transaction, accepted: Sequence[Accepted], host: str, result: ExecutionResult
) -> None:
    """Set the new places of tasks, and the states that they come back to."""

    def target(one: Accepted) -> tuple[str, str | None, str | None]:
        to = reassignments.parse(one.comment)
        back = one.old_status if to.back and one.old_status in ACCEPTED_IN["reassign"] else None
        return to.column, to.value, back

    for (column, value, back), tasks in _grouped(accepted, target).items():
        values = {} if value is None else {column: value or None}
        (step,) = TASKS.steps("reassign back", back) if back else TASKS.steps("reassign done")
        done = carry(
            session, step, tasks, host=host, values=values, deft=deft_mirror.deft_of(step.target)
        )
        deft_mirror.note_start(session, [*done], step.target)
        activity_periods.settle(session, [*done])
        result.tasks |= dict.fromkeys(done, step.target)


def _retry(
    session: Transaction,
    accepted: Sequence[Accepted],
    command: str,
    host: str,
    result: ExecutionResult,
) -> None:
    """Give the files of tasks new attempts, after the changes of parameters of incexec."""
    if not accepted:
        return
    options = _changed(session, accepted, result) if command == "incexec" else _words(accepted)
    ready = [one for one in accepted if one.task not in result.refused]
    for chosen, tasks in _grouped(ready, lambda one: frozenset(options[one.task])).items():
        flags = {flag: word in chosen for word, flag in QUALIFIERS.items()}
        done = retries.retry(
            session, tasks, command, host=host, child_tasks=SOLE not in chosen, skip=True, **flags
        )
        result.tasks |= done.tasks
        result.refused |= done.refused
        if not flags["keep_share_priority"]:
            initial_shares.reset(session, done.retried)


def _words(accepted: Iterable[Accepted]) -> dict[int, list[str]]:
    """Return the qualifiers of retries: the words of the comment before those on the requester."""
    return {
        one.task: (one.comment or "").split(f"{one.command} by ")[0].split() for one in accepted
    }


def _changed(
    session: Transaction, accepted: Sequence[Accepted], result: ExecutionResult
) -> dict[int, list[str]]:
    """Change the parameters of tasks; return the qualifiers of the tasks that can go on."""
    changes, qualifiers = {}, {}
    for one in accepted:
        try:
            changes[one.task], qualifiers[one.task] = parameters.parse(one.comment)
        except InvalidValue as error:
            result.refused[one.task] = str(error)
    given = {task: new for task, new in changes.items() if new is not None}
    result.refused |= parameters.change(session, given)
    return qualifiers


def _grouped(accepted: Iterable[Accepted], key: Callable[[Accepted], Any]) -> dict[Any, list[int]]:
    groups: defaultdict[Any, list[int]] = defaultdict(list)
    for one in accepted:
        groups[key(one)].append(one.task)
    return groups
