"""Rows of jobs from one side to the other, batch by batch, each a transaction that is proven."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pandadb.core.archive.deferrals import Deferral, Reason
from pandadb.core.archive.layout import ARCHIVED_JOBS, ENDED_JOBS
from pandadb.core.archive.lookup import scan
from pandadb.core.archive.transfer import rows
from pandadb.core.archive.transfer.rows import TO_LIVE
from pandadb.core.sql.batch_size import Batch
from pandadb.services.archive.report import RowTransferResult
from pandadb.services.archive.rows import ensure_partitions
from pandadb.services.locks import retry_transaction
from pandadb.services.lockwaits import LockNotAvailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pandadb.core.archive.transfer.rows import Direction, MovedRows
    from pandadb.core.partitions.policies import Policy
    from pandadb.core.sql.time_range import TimeRange
    from pandadb.database import Database
    from pandadb.services.archive.throttle import Throttle


@dataclass
class RowTransfer:
    """A transfer of rows, batch by batch."""

    database: Database
    direction: Direction
    policies: Mapping[str, Policy]
    throttle: Throttle
    tell: Callable[[int, str | None], None]
    """Called with the number of jobs that are done, and the reason of a wait, if there is one."""
    check: Callable[[Session], None] = lambda _: None
    """Raises within the transaction of a batch if something is against it."""
    gone: RowTransferResult = field(default_factory=RowTransferResult)
    done: int = 0
    batch: Batch = field(init=False)

    def __post_init__(self) -> None:
        """Begin with a small batch."""
        self.batch = Batch(target=self.throttle.limits.batch_seconds)


def transfer_jobs(
    transfer: RowTransfer, times: TimeRange, pandaids: Collection[int]
) -> RowTransferResult:
    """Transfer jobs of some time, with all that belongs to them."""
    left = sorted({*pandaids})
    while left and _may_go_on(transfer):
        size = transfer.batch.size
        _transfer(transfer, times, left[:size])
        left = left[size:]
    return transfer.gone


def transfer_all(transfer: RowTransfer, times: TimeRange) -> RowTransferResult:
    """Transfer all rows of some time."""
    after, tables = -(2**63), transfer.direction.tables
    while _may_go_on(transfer):
        with transfer.database.session() as session:
            found = scan.next_jobs(session, tables, times, after, transfer.batch.size)
        if not found:
            break
        after = found[-1]
        _transfer(transfer, times, found)
    return transfer.gone


def _may_go_on(transfer: RowTransfer) -> bool:
    has_time = transfer.throttle.wait(lambda why: transfer.tell(transfer.done, why))
    transfer.gone.is_over = not has_time
    return has_time


def _transfer(transfer: RowTransfer, times: TimeRange, pandaids: Collection[int]) -> None:
    """Transfer a batch: partitions for its rows in one transaction, the rows in the next one."""
    began = time.monotonic()
    locks = transfer.throttle.limits.locks.tables
    words: Any = {"direction": transfer.direction, "times": times, "pandaids": pandaids}
    ensure = partial(ensure_partitions.ensure, policies=transfer.policies, **words)
    move = partial(_move, transfer, elsewhere=_elsewhere(transfer, pandaids), **words)
    try:
        retry_transaction(transfer.database, ensure, locks)
        going, refused, moved = retry_transaction(transfer.database, move, locks)
    except LockNotAvailable:
        transfer.gone.contended += pandaids
    else:
        transfer.gone.add(going, moved)
        transfer.gone.refused |= refused
    transfer.done += len(pandaids)
    transfer.batch = transfer.batch.after(len(pandaids), time.monotonic() - began)
    transfer.tell(transfer.done, None)


def _elsewhere(transfer: RowTransfer, pandaids: Collection[int]) -> dict[int, str]:
    """Return the jobs that the other side has, whatever their time there, each with its table."""
    if transfer.direction is TO_LIVE:
        with transfer.database.session() as session:
            return scan.live_jobs(session, "pandaid", pandaids)
    return dict.fromkeys(archived(transfer.database, "pandaid", pandaids), ARCHIVED_JOBS)


def archived(database: Database, column: str, values: Collection[int]) -> dict[int, list[datetime]]:
    """Return the jobs of the archive that have one of the values, each with its times there.

    The column is `pandaid` or `jeditaskid`. Each stretch of time is a transaction of its own.
    """
    found: dict[int, list[datetime]] = {}
    with database.session() as session:
        stretches = scan.stretches(session)
    for times in stretches:
        with database.session() as session:
            for pandaid, when in scan.archived(session, times, column, values):
                found.setdefault(pandaid, []).append(when)
    return found


def _move(
    transfer: RowTransfer,
    session: Session,
    *,
    direction: Direction,
    times: TimeRange,
    pandaids: Collection[int],
    elsewhere: Mapping[int, str],
) -> tuple[list[int], dict[int, str], MovedRows]:
    """Move a batch within a transaction; return the jobs that go, those that are refused, rows."""
    transfer.check(session)
    refused = _refused(session, direction, times, pandaids, elsewhere)
    going = [pandaid for pandaid in pandaids if pandaid not in refused]
    return going, refused, rows.move(session, direction, times, going)


def _refused(
    session: Session,
    direction: Direction,
    times: TimeRange,
    pandaids: Collection[int],
    elsewhere: Mapping[int, str],
) -> dict[int, str]:
    """Return the jobs that are on both sides, or twice on one, each with a sentence."""
    source = ARCHIVED_JOBS if direction is TO_LIVE else ENDED_JOBS
    here = rows.jobs_in(session, source, times, [*elsewhere]) if elsewhere else set()
    both = rows.doubled(session, direction, times, pandaids)
    both |= {pandaid: table for pandaid, table in elsewhere.items() if pandaid in here}
    found = dict.fromkeys(rows.twice(session, source, times, pandaids), source) | both
    return {pandaid: str(both_have(pandaid, source, table)) for pandaid, table in found.items()}


def both_have(pandaid: int, source: str, target: str) -> Deferral:
    """Return the deferral of a job that is on both sides, or twice on one."""
    here, there = (table.rpartition(".")[2] for table in (source, target))
    reason = Reason.TWICE if here == there else Reason.TWO_PLACES
    return Deferral.of(reason, pandaid=pandaid, here=here, there=there)
