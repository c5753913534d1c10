"""Ids of new rows, drawn from their sequence before the rows are copied."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, bindparam, func, select

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy import Sequence as DatabaseSequence

    from pandadb.core.sql.transaction import Transaction


def draw(session: Transaction, sequence: DatabaseSequence, number: int) -> list[int]:
    """Return as many numbers of a sequence, the smallest first."""
    if not number:
        return []
    return sorted(session.scalars(_draw(sequence), {"number": number}))


@cache
def _draw(sequence: DatabaseSequence) -> Select[Any]:
    rows = func.generate_series(1, bindparam("number", type_=Integer))
    return select(sequence.next_value()).select_from(rows.alias())
