"""Live tasks and jobs that go to other shares: as an operator says, or by the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.jobs import job_shares
from pandadb.core.shares import tree as share_tree
from pandadb.core.sql import validation
from pandadb.core.tasks.changes import global_shares
from pandadb.core.tasks.changes.global_shares import QUEUED_STATES, RUNNING_STATES, ShareChanges
from pandadb.core.tasks.commands import initial_shares
from pandadb.services.shares.tree import UnknownShare, unknown
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pandadb.database import Database

__all__ = ["UnknownShare", "reassign", "reassign_jobs_by_rules", "reassign_tasks_by_rules"]

SHARD = 100
"""Tasks of a transaction, as the server has them in a statement."""


def reassign(
    database: Database,
    tasks: int | Iterable[int],
    share: str,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    running: bool = False,
) -> ShareChanges:
    """Give tasks and their queued jobs another share; with `running` also jobs that run or start.

    Tasks that an agent has locked keep theirs, and are reported. Idempotent.

    Raises:
        UnknownShare: There is no such share, or it is no leaf; nothing was changed.
        InvalidValue: A task is no number.
        TasksLocked, JobsLocked: A row was locked for longer than the lock timeout.
    """
    ids = validation.ids(tasks, "jeditaskid")
    validation.check_text("share", share)
    with transaction(database, options) as connection:
        found = share_tree.read(connection)
        if share not in {leaf.name for leaf in found.leaves()}:
            raise unknown(share, found)
        return global_shares.assign(connection, ids, share, running=running, lock=options.lock)


def reassign_tasks_by_rules(
    database: Database,
    tasks: Iterable[int] | None = None,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    running: bool = False,
) -> Iterator[ShareChanges]:
    """Give tasks, or all that have not ended, the share that they would get now, with their jobs.

    Yields the changes of each transaction, of 100 tasks. Idempotent: a run that was interrupted can
    be repeated.

    Raises:
        InvalidValue: A task is no number.
        TasksLocked, JobsLocked: A row was locked for longer than the lock timeout.
    """
    if tasks is None:
        with database.transaction() as connection:
            ids = initial_shares.unended(connection)
    else:
        ids = validation.ids(tasks, "jeditaskid")
    for first in range(0, len(ids), SHARD):
        with transaction(database, options) as connection:
            changes = initial_shares.reset(connection, ids[first : first + SHARD], running=running)
        yield changes


def reassign_jobs_by_rules(
    database: Database, options: VerbOptions = DEFAULT_OPTIONS, *, running: bool = False
) -> dict[str | None, dict[str, int]]:
    """Give live jobs without a task the share that they match now.

    Returns the number of jobs that have changed, by their former and their new share.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    states = (*QUEUED_STATES, *RUNNING_STATES) if running else QUEUED_STATES
    with transaction(database, options) as connection:
        return job_shares.rematch(connection, states)
