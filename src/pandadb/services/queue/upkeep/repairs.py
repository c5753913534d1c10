"""Jobs of queues that others have moved, put in order: by an operator, or now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from pandadb.core.queue.upkeep import repairs
from pandadb.core.sql.expressions import interval
from pandadb.core.sql.validation import check_number
from pandadb.errors import Outcome
from pandadb.models.types import UTC_NOW
from pandadb.services.maintenance import RUN, noted
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from pandadb.core.queue.upkeep.repairs import RepairResult
    from pandadb.database import Database

COMMAND = "queue repair"
"""The name of its row in MAINTENANCE_RUN."""
EVERY = 300.0
"""Seconds between two repairs of a site."""
MAX_JOBS = 100_000


def repair(
    database: Database, options: VerbOptions = DEFAULT_OPTIONS, *, limit: int = 1000
) -> RepairResult:
    """Put the rows of queued jobs in order that another program has moved or ended.

    Ends are noted with children, groups and the outbox, leases of jobs without a worker end, and
    jobs of groups get their places, or wait for one. It is idempotent: of each kind at most `limit`
    jobs at a time.

    Raises:
        InvalidValue: The limit is no number above 0.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    check_number("limit", limit, 1, MAX_JOBS)
    with transaction(database, options) as connection:
        return repairs.repair(connection, host=options.host, limit=limit)


def repair_if_due(
    database: Database, every: float = EVERY, options: VerbOptions = DEFAULT_OPTIONS
) -> RepairResult | None:
    """Repair if no process has in the last seconds; None if one has.

    Reapers call it as often as they like: the time of the last repair is in MAINTENANCE_RUN.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    if not _is_due(database, every):
        return None
    with noted(database, COMMAND) as note:
        done = repair(database, options)
        note.outcome = Outcome.DONE if done.number else Outcome.NOTHING
        return done


def _is_due(database: Database, every: float) -> bool:
    """Return whether the last repair ended so many seconds ago, by the database's clock."""
    ago = interval(every)
    recent = exists().where(RUN.c.command == COMMAND, RUN.c.ended_at > UTC_NOW - ago)
    with database.transaction() as connection:
        return not connection.execute(select(recent)).scalar()
