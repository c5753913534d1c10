"""Locks of names, so that two transactions at once do not both find that a name is free.

They are advisory locks, held to the end of the transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, Text, bindparam, column, func, select

from pandadb.core.sql.transaction import connection_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.sql.transaction import Transaction

SEED = 0x7461736B
"""So that no other use of advisory locks has the same keys."""


def lock_names(session: Transaction, names: Iterable[str]) -> None:
    """Lock names, always in the same order; wait for other holders."""
    keys = sorted(set(names))
    if not keys:
        return
    name = func.unnest(bindparam("names", type_=ARRAY(Text))).table_valued(column("name", Text))
    ordered = select(name.c.name).order_by(name.c.name).subquery()
    lock = func.pg_advisory_xact_lock(func.hashtextextended(ordered.c.name, SEED))
    connection_of(session).execute(select(lock), {"names": keys})
