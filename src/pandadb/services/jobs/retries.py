"""Jobs that are tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.jobs.attempts import retries
from pandadb.core.jobs.refusals import Refused
from pandadb.core.sql import validation
from pandadb.models import JobsActive4
from pandadb.services.jobs import table_statistics
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pandadb.core.jobs.attempts.retries import RetryResult
    from pandadb.database import Database


def retry(
    database: Database,
    pandaids: int | Iterable[int],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    same: bool = False,
    attemptnr: int | Mapping[int, int] | None = None,
) -> RetryResult:
    """Try jobs again that have failed, were cancelled or closed, each as a new, activated job.

    With `same` the jobs are still in JOBSACTIVE4, and keep their PandaIDs. `attemptnr`, of all jobs
    or of each, is the attempt to try again: a job that is in another one by now is refused, so that
    a call that comes late or twice is a no-op.

    Raises:
        Refused: It was one PandaID, and the job cannot be tried again.
        InvalidValue: A PandaID is no number.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    jobs = validation.ids(pandaids)
    with transaction(database, options) as connection:
        again = retries.same if same else retries.again
        retried = again(connection, jobs, options.host, attemptnr)
        if isinstance(pandaids, int) and retried.refused:
            raise Refused(retried.refused[pandaids])
    if not options.dry_run:
        table_statistics.refresh(database, JobsActive4, len(retried.jobs))
    return retried
