"""Wake-ups of workers by NOTIFY: never needed for a right result, so a lost one costs a poll."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

CHANNEL = "pandadb_queue"
"""One channel, without data: PostgreSQL keeps one notice of a transaction, however many there are.
"""


def wake(session: Transaction) -> None:
    """Wake the workers when the transaction is committed."""
    session.execute(select(func.pg_notify(CHANNEL, "")))
