"""Batch processes: each fetches many jobs of a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.queue.steps import batch_processes
from pandadb.core.sql.validation import check_columns
from pandadb.models import HarvesterWorkers
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.queue.ending.end_results import EndResult
    from pandadb.core.queue.leases import Lease
    from pandadb.core.queue.steps.batch_processes import BatchProcess
    from pandadb.database import Database


def register(
    database: Database, process: str, queue: str, options: VerbOptions = DEFAULT_OPTIONS
) -> int:
    """Register a batch process that has been submitted; return its number.

    Raises:
        InvalidValue: A value does not fit its column.
    """
    check_columns(HarvesterWorkers, {"batchid": process, "computingsite": queue})
    with transaction(database, options) as connection:
        return batch_processes.register(connection, process, queue)


def start(database: Database, number: int, options: VerbOptions = DEFAULT_OPTIONS) -> None:
    """Note that a batch process has been seen running.

    Raises:
        BatchProcessNotFound: It is not registered, or has ended.
    """
    with transaction(database, options) as connection:
        batch_processes.start(connection, number)


def fetch(
    database: Database,
    number: int,
    held: Sequence[Lease],
    options: VerbOptions = DEFAULT_OPTIONS,
) -> EndResult:
    """Note that a batch process has fetched jobs, and runs them.

    Raises:
        BatchProcessNotFound: It is not registered, or has ended.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    with transaction(database, options) as connection:
        return batch_processes.fetch(connection, number, held, host=options.host)


def end(database: Database, number: int, options: VerbOptions = DEFAULT_OPTIONS) -> list[int]:
    """Note that a batch process has ended; return the jobs that it has lost, now suspended.

    Raises:
        BatchProcessNotFound: It is not registered, or has ended.
        JobsLocked: A job was locked for longer than the lock timeout; the process has not ended.
    """
    with transaction(database, options) as connection:
        return batch_processes.end(connection, number)


def listed(
    database: Database,
    *,
    queues: str | Sequence[str] | None = None,
    statuses: str | Sequence[str] = batch_processes.LIVE,
) -> list[BatchProcess]:
    """Return batch processes, the oldest first; those that live, unless states are given."""
    with database.transaction() as connection:
        return batch_processes.listed(connection, queues=queues, statuses=statuses)
