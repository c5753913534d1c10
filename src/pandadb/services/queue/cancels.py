"""Cancels of queued jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.queue import cancels
from pandadb.core.sql import validation
from pandadb.services.queue.attempts import repeated
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from pandadb.core.queue.cancels import CancelResult
    from pandadb.database import Database
    from pandadb.services.jobs.verbs import PandaIDs


@repeated
def cancel(
    database: Database,
    pandaids: PandaIDs,
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    by: str,
    cascade: bool = False,
) -> CancelResult:
    """Cancel jobs: those that run end when their workers have ended the payloads.

    With `cascade` all jobs that depend on them are cancelled, too. Jobs that are not of a job queue
    are refused: see `jobs.kill`.

    Raises:
        InvalidValue: An id is no whole number, or `by` does not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    jobs = validation.ids(pandaids)
    with transaction(database, options) as connection:
        return cancels.cancel(connection, jobs, by=by, host=options.host, cascade=cascade)
