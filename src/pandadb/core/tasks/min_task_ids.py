"""JEDI_AUX_STATUS_MINTASKID: the lowest task of each state, for the joins of JEDI's agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from pandadb.models import JediAuxStatusMinTaskID, JediTasks

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction


def refresh(session: Transaction) -> int:
    """Set the lowest task of each state that has tasks; return how many rows have changed.

    The row of a state without tasks stays: too low a number does no harm (semantics 3.7).
    """
    table, task = JediAuxStatusMinTaskID.__table__, JediTasks.__table__.c
    lowest = select(task.status, func.min(task.jeditaskid)).group_by(task.status)
    filled = insert(table).from_select(
        ["status", "min_jeditaskid"],
        lowest.order_by(task.status),  # two refreshes lock the rows in one order
    )
    new = filled.excluded.min_jeditaskid
    changed = filled.on_conflict_do_update(
        index_elements=[table.c.status],
        set_={"min_jeditaskid": new},
        where=table.c.min_jeditaskid != new,
    ).returning(table.c.status)
    return len(session.scalars(changed).all())
