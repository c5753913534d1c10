"""Jobs that a worker has claimed without hearing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.queue import unknown_leases as rows
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.queue.ending.end_results import EndResult
    from pandadb.database import Database


def give_back_unknown(
    database: Database,
    owner: str,
    known: Collection[int],
    options: VerbOptions = DEFAULT_OPTIONS,
) -> EndResult:
    """Give back the jobs of a worker but those with tokens that it knows: no attempt is counted.

    A connection that is lost while a claim is committed leaves such leases.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    with transaction(database, options) as connection:
        return rows.give_back_unknown(connection, owner, known, host=options.host)
