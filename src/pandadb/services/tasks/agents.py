"""Tasks taken on: a command from request to end, and everything that is due, for cron."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.generation import unmerged_datasets
from pandadb.core.sql import validation
from pandadb.core.tasks.commands import acceptance, execution, redrives, requests
from pandadb.core.tasks.commands.requests import CommandCode
from pandadb.core.tasks.ending import ends, preparation
from pandadb.core.tasks.files import reactivations
from pandadb.core.tasks.search.pages import states_of
from pandadb.services.tasks.commands import IDLE
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.commands.acceptance import AcceptResult
    from pandadb.core.tasks.commands.requests import CommandRequest
    from pandadb.database import Database

MORE_ATTEMPTS = 5
"""Attempts that a retry adds to the failed files of a user's task that is still at work."""


@dataclass
class AdvanceResult:
    """The tasks that went on."""

    tasks: dict[int, str] = field(default_factory=dict)
    """Each with its state now."""
    waiting: dict[int, list[int]] = field(default_factory=dict)
    """Tasks of commands that wait for jobs to end, each with the jobs."""
    refused: dict[int, str] = field(default_factory=dict)
    """Tasks of refused commands, each with the reason."""


def command(
    database: Database,
    tasks: int | Iterable[int],
    asked: CommandRequest,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> AdvanceResult:
    """Give a command to tasks and carry it out, in one transaction.

    Commands to other tasks are left to agents. A retry of a user's task that is still at work gives
    its failed files more attempts.

    Raises:
        InvalidValue: A task is no number.
        TasksLocked, JobsLocked: A row was locked for longer than the lock timeout.
    """
    ids = validation.ids(tasks)
    result = AdvanceResult()
    with transaction(database, options) as connection:
        answers = requests.register(connection, ids, asked, options.lock)
        alive = [task for task, one in answers.items() if one.code is CommandCode.RETRY_FILES]
        reactivations.increase_attempts(connection, alive, MORE_ATTEMPTS)
        accepted = acceptance.accept(connection, host=options.host, tasks=ids)
        _carry_out(connection, accepted, options, result)
    result.tasks |= {task: answers[task].text for task in alive}
    result.refused |= {
        task: one.text
        for task, one in answers.items()
        if one.code not in (CommandCode.REGISTERED, CommandCode.RETRY_FILES)
    }
    return result


def advance(
    database: Database,
    vo: str | None = None,
    label: str | None = None,
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> AdvanceResult:
    """Take tasks of a VO and a label on: commands, inputs that have ended, scouts, final states.

    Outputs to be merged are released when their jobs have ended. Each step is a transaction.
    Idempotent; several can run at once. A dry run shows the first step of each task only.

    Raises:
        InvalidSetting: A setting of JEDI in CONFIG is no number.
    """
    result = AdvanceResult()
    with transaction(database, options) as connection:
        accepted = redrives.accept_due(connection, IDLE, host=options.host, vo=vo, label=label)
        _carry_out(connection, accepted, options, result)
    with transaction(database, options) as connection:
        unmerged_datasets.release_complete(connection, vo, label)
    with transaction(database, options) as connection:
        prepared = preparation.prepare(connection, vo, label, host=options.host)
    with transaction(database, options) as connection:
        ended = ends.end(connection, vo, label, host=options.host)
    for later in (prepared, dict.fromkeys(ended.running, "running") | ended.ended):
        # of steps that are rolled back the next one knows nothing
        result.tasks = later | result.tasks if options.dry_run else result.tasks | later
    return result


def _carry_out(
    connection: Transaction, accepted: AcceptResult, options: VerbOptions, result: AdvanceResult
) -> None:
    done = execution.carry_out(connection, accepted.accepted, host=options.host)
    result.tasks |= states_of(connection, [*accepted.done]) | done.tasks
    result.waiting |= done.waiting
    result.refused |= accepted.refused | done.refused
