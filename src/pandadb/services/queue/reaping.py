"""Leases that have expired, and jobs that are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pandadb.core.queue import due_jobs, reaping
from pandadb.core.queue.reaping import ReapResult
from pandadb.services.queue.attempts import repeated
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.database import Database

REAPER = "pandadb job lease reaper"
"""The name of the advisory lock of a process that reaps."""


@repeated
def reap(
    database: Database,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    limit: int = 1000,
    alone: bool = False,
) -> ReapResult:
    """End expired leases: their jobs are tried again, cancelled or failed.

    Any number of processes may call it at once: each takes others. With `alone` nothing is done
    while another process reaps so, by an advisory lock that ends with the transaction.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    with transaction(database, options) as connection:
        if alone:
            key = func.hashtextextended(REAPER, 0)
            if not connection.scalar(select(func.pg_try_advisory_xact_lock(key))):
                return ReapResult()
        return reaping.reap(connection, host=options.host, limit=limit)


@repeated
def make_ready(
    database: Database, queues: Sequence[str], *, options: VerbOptions = DEFAULT_OPTIONS
) -> dict[int, str]:
    """Make the due jobs of queues ready; return their new states.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    with transaction(database, options) as connection:
        return due_jobs.make_ready(connection, queues, host=options.host)
