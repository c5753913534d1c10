"""Turns of those that write the same workers, reports or commands of a Harvester instance.

HARVESTER_WORKERS has its partition key in its primary key, and other tables have none: without a
lock two transactions would both insert a row. The locks are advisory and end with the transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, String, bindparam, func, select

from pandadb.core.sql.transaction import Lock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.sql.transaction import Transaction

KEYS = func.unnest(bindparam("keys", type_=ARRAY(String)))
SEED = 0x48_41_52_56
"""Apart from other advisory locks of pandadb."""


def take_turns(session: Transaction, *names: str) -> None:
    """Wait until no other transaction has the locks of the names, and take them."""
    key = select(func.hashtextextended(KEYS, SEED).label("key")).distinct().order_by("key")
    ordered = key.cte("ordered").prefix_with("MATERIALIZED")
    session.execute(select(func.pg_advisory_xact_lock(ordered.c.key)), {"keys": [*names]})


def free_turns(session: Transaction, names: Iterable[str], lock: Lock) -> set[str]:
    """Take the locks of the names; with SKIP or NOWAIT only those that are free, without waiting.

    Return the names with a taken lock.
    """
    wanted = [*names]
    if lock is Lock.WAIT:
        take_turns(session, *wanted)
        return {*wanted}
    name = KEYS.column_valued("name")
    taken = func.pg_try_advisory_xact_lock(func.hashtextextended(name, SEED)).label("taken")
    rows = session.execute(select(name, taken), {"keys": wanted})
    return {row.name for row in rows if row.taken}
