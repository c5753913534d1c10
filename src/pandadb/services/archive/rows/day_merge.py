"""A day goes to the archive by rows if its place is taken: restored jobs, and late ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from pandadb.core.archive import ledger
from pandadb.core.archive.transfer import exchange
from pandadb.core.archive.transfer.rows import TO_ARCHIVE, NotMoved
from pandadb.services.archive.plans import held_tasks
from pandadb.services.archive.report import DayMergeResult, Deferred, RowTransferResult
from pandadb.services.archive.rows import row_batches
from pandadb.services.archive.rows.row_batches import RowTransfer
from pandadb.services.failures import explain, is_of_all
from pandadb.services.locks import retry_transaction
from pandadb.services.lockwaits import LockNotAvailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Day
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.services.archive.throttle import Throttle
    from pandadb.services.locks import LockPolicy


def merge(
    database: Database,
    day: Day,
    policies: Mapping[str, Policy],
    throttle: Throttle,
    tell: Callable[[int, str | None], None],
) -> DayMergeResult:
    """Move the rows of a day to the archive, and drop the partitions that are empty then.

    Jobs that the archive has already stay, and are named. The result has all rows that have gone,
    also after an error.

    Raises:
        Deferred: A task of the day is held now; nothing has gone.
    """

    def check(session: Session) -> None:
        if why := held_tasks(session, day):
            raise Deferred(why)

    transfer = RowTransfer(database, TO_ARCHIVE, policies, throttle, tell, check)
    try:
        gone = row_batches.transfer_all(transfer, day)
    except Deferred as error:
        gone = transfer.gone
        if not (gone.jobs or gone.refused or gone.contended):
            raise
        return DayMergeResult(day, gone, [], put_off=str(error), reason=error.why.reason)
    except (NotMoved, DBAPIError) as error:
        if is_of_all(error):
            raise
        return DayMergeResult(day, transfer.gone, [], failed=explain(error))
    locks = throttle.limits.locks
    return (
        DayMergeResult(day, gone, []) if gone.is_over else _drop_empty(database, day, gone, locks)
    )


def _drop_empty(
    database: Database, day: Day, gone: RowTransferResult, locks: LockPolicy
) -> DayMergeResult:
    """Drop the partitions of a day that are empty, if their locks are free."""
    try:
        dropped = retry_transaction(database, lambda session: _drop(session, day), locks.tables)
    except LockNotAvailable:
        return DayMergeResult(day, gone, [], contended=True)
    except DBAPIError as error:
        if is_of_all(error):
            raise
        return DayMergeResult(day, gone, [], failed=explain(error))
    return DayMergeResult(day, gone, dropped)


def _drop(session: Session, day: Day) -> list[str]:
    """Drop the partitions of a day that have no rows, and enter them as archived."""
    dropped = []
    for part in day.parts:
        if exchange.drop_if_empty(session, part):
            ledger.enter(session, part, "Y")
            ledger.enter_verified(session, part, passed=True)
            dropped.append(part.name)
    return dropped
