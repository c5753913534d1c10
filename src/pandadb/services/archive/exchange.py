"""The end of each transfer of partitions: proofs, then the exchange itself under short locks.

Each transfer has the same steps: lock, count, act, count, compare, prove, exchange, enter into the
ledger. The steps before the proofs differ:

| transfer                 | locked against writers | act                          | compared     |
|--------------------------|------------------------|------------------------------|--------------|
| `swaps` (a day)          | nothing                | indexes and CHECK            | before/after |
| `copies.day_copy`        | nothing: one snapshot  | COPY to the other database   | both copies  |
| `copies.copy_return`     | nothing: it is archived| COPY back                    | both copies  |
| `months.compaction`      | the month's partitions | INSERT into one partition    | days/month   |
| `months.drop_exported`   | the month's partitions | nothing                      | files/month  |
| `months.imports`         | the month's partitions | rows of the files            | files/month  |

A swap retries its whole transaction, which is short. The others retry only the exchange. Moves of
single rows (`rows.row_batches`) exchange no partition: they adjust the partition's previous proof.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pandadb.core.archive import proofs
from pandadb.core.archive.transfer import month_partitions
from pandadb.core.archive.transfer.exchange import Exchange, carry_out
from pandadb.core.archive.transfer.month_partitions import TABLES
from pandadb.services.locks import retry_savepoint
from pandadb.services.lockwaits import or_contended

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.orm import Session

    from pandadb.core.archive.checksums import Fingerprint
    from pandadb.core.archive.layout import Part
    from pandadb.core.archive.months import Month
    from pandadb.core.archive.transfer.month_partitions import MonthPartitions
    from pandadb.services.locks import LockPolicy


def lock_month(
    session: Session, month: Month, locks: LockPolicy, tables: Collection[str] = TABLES
) -> MonthPartitions:
    """Lock the partitions of a month against writers, in a transaction that waits for them.

    Raises:
        LockNotAvailable: A lock was not free.
    """
    with or_contended(session.connection(), locks.writers):
        return month_partitions.lock(session, month, tables)


def exchange(session: Session, change: Exchange, locks: LockPolicy) -> float:
    """Carry out an exchange at the end of a transaction; return the seconds with locked tables.

    Raises:
        LockNotAvailable: A lock was not free in the last attempt.
    """
    began = time.monotonic()
    retry_savepoint(session, lambda: carry_out(session, change), locks.tables)
    return time.monotonic() - began


def prove_and_exchange(
    session: Session,
    leaving: Mapping[Part, Fingerprint],
    arriving: Mapping[Part, Fingerprint],
    how: str,
    locks: LockPolicy,
) -> float:
    """Prove partitions that leave and that arrive, and exchange them.

    The partitions that leave have their rows elsewhere, as counted: in those that arrive, or in
    files. Returns the seconds with locked tables.

    Raises:
        LockNotAvailable: A lock was not free in the last attempt.
    """
    for counts, cause in ((leaving, proofs.COPY), (arriving, how)):
        for part, found in counts.items():
            proofs.prove(session, part, cause, found, found)
    return exchange(session, Exchange(leaving=[*leaving], arriving=[*arriving]), locks)
