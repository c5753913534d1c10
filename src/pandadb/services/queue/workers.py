"""Workers of the job queue: registered, heard of, drained, listed."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pandadb.core.control import notices
from pandadb.core.queue import workers as rows
from pandadb.core.sql.validation import check_number, check_text
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.database import Database

MAX_PAGE = 100_000


def register(
    database: Database,
    worker_id: str,
    queues: Sequence[str],
    slots: int,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> None:
    """Register this process as a worker that begins.

    Raises:
        InvalidValue: The id is no text.
    """
    check_text("worker_id", worker_id)
    with transaction(database, options) as connection:
        rows.register(
            connection,
            worker_id,
            host=options.host,
            pid=os.getpid(),
            version=version("pandadb"),
            queues=queues,
            slots=slots,
        )


def note_sign(database: Database, worker_id: str) -> bool:
    """Note a sign of life of a worker; return whether it is to drain."""
    with database.transaction() as connection:
        return rows.note_sign(connection, worker_id)


def stop(database: Database, worker_id: str) -> None:
    """Note that a worker has ended."""
    with database.transaction() as connection:
        rows.stop(connection, worker_id)


def drain(
    database: Database, worker_ids: Sequence[str], options: VerbOptions = DEFAULT_OPTIONS
) -> list[str]:
    """Let running workers take no more jobs, and end; return those that there are."""
    with transaction(database, options) as connection:
        drained = rows.drain(connection, worker_ids)
        notices.wake(connection)
        return drained


def workers(
    database: Database,
    *,
    stopped: bool = False,
    limit: int | None = None,
    after: str | None = None,
) -> list[dict[str, Any]]:
    """Return workers, the newest first, each with its columns and `njobs`, its leases.

    The next page of `limit` workers comes with `after`, the id of the last one.

    Raises:
        InvalidValue: `after` is no text, or the limit is not from 1 to 100,000.
    """
    if after is not None:
        check_text("after", after)
    if limit is not None:
        check_number("limit", limit, 1, MAX_PAGE)
    with database.transaction() as connection:
        found = rows.listed(connection, stopped=stopped, limit=limit, after=after)
        return [dict(row._mapping) for row in found]
