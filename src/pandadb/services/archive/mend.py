"""Rows that were left at 1970-01-01 get the times of their jobs, and follow them to the archive."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pandadb.core.archive.transfer.rows import TO_ARCHIVE
from pandadb.core.jobs import stragglers
from pandadb.core.partitions.policies import POLICIES
from pandadb.core.sql.spool import in_batches
from pandadb.models import JobsArchived
from pandadb.services.archive.after_days.pandaid_index import note
from pandadb.services.archive.pauses import refuse_paused
from pandadb.services.archive.plans import refuse_strangers
from pandadb.services.archive.report import RowTransferResult
from pandadb.services.archive.restores import by_day
from pandadb.services.archive.rows import row_batches
from pandadb.services.archive.rows.row_batches import RowTransfer
from pandadb.services.archive.run_lock import ArchiveBusy, run_lock
from pandadb.services.archive.stragglers import Stragglers, find, look
from pandadb.services.archive.throttle import Limits, Throttle
from pandadb.services.grants import act_as_owner

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pandadb.core.jobs.search.lookup import Found
    from pandadb.core.jobs.stragglers import Rows
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.services.failures import Failure

BATCH = 1000
"""Jobs in one transaction."""


@dataclass
class MendResult:
    """The result of a mend."""

    rows: Rows = field(default_factory=dict)
    """How many rows of each table have got the times of their jobs."""
    gone: RowTransferResult = field(default_factory=RowTransferResult)
    """The rows that have then followed their jobs to the archive."""
    left: Stragglers = field(default_factory=lambda: Stragglers({}, []))
    """Those that stay, as their table has the same row at the time of the job."""
    failed: list[Failure] = field(default_factory=list)
    """Errors of other steps."""
    paused: str | None = None
    """The pause and its author, if it kept rows from following their jobs to the archive."""


def mend(
    database: Database,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    limits: Limits | None = None,
) -> MendResult:
    """Give the stragglers the times of their jobs; those of archived jobs follow to the archive.

    It is idempotent. Each thousand jobs are a transaction. Live jobs are not touched.

    Raises:
        ArchiveBusy: A run of the archiver is at work.
        NotTheOwner: The user of the database may not move rows to the archive.
        Paused: The archiver is paused.
    """
    refuse_strangers(database)
    refuse_paused(database)
    mended, throttle = MendResult(), Throttle(database, limits or Limits())
    with run_lock(database) as ours:
        if not ours:
            raise ArchiveBusy("A run of the archiver is at work: try again when it has ended")
        _, ended = look(database)
        for batch in in_batches(sorted(ended), BATCH):
            some = {pandaid: ended[pandaid] for pandaid in batch}
            new = database.retrying(partial(_stamp, ended=some))
            mended.rows = {table: mended.rows.get(table, 0) + new[table] for table in new}
        transfer = RowTransfer(
            database, TO_ARCHIVE, policies, throttle, lambda *_: None, gone=mended.gone
        )
        for times, jobs in by_day(database, _archived(database, ended)):
            row_batches.transfer_jobs(transfer, times, jobs)
        mended.failed = note(database)
    mended.left, mended.paused = find(database), throttle.paused
    return mended


def _stamp(session: Session, ended: Mapping[int, Found]) -> Rows:
    act_as_owner(session.connection(), local=True)
    return stragglers.stamp(session, ended)


def _archived(database: Database, ended: Mapping[int, Found]) -> dict[int, datetime]:
    """Return the archived jobs without stragglers left, with their times."""
    left, _ = look(database)
    place = JobsArchived.__tablename__
    return {
        pandaid: row.modificationtime
        for pandaid, row in ended.items()
        if row.place == place and pandaid not in left
    }
