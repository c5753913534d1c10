"""Cancels of runs that are not known: kept for a while, each for one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, Text, and_, delete, func, insert, literal, or_, select

from pandadb.core.sql.expressions import interval, now
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import GatewayCancel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.gateway.requests import CancelRequest, RunKey
    from pandadb.core.sql.transaction import Transaction

CANCEL = GatewayCancel.__table__.c


def lock(session: Transaction, run_numbers: Iterable[int]) -> None:
    """Lock the cancels of runs with numbers until the end of the transaction, before all else.

    Else a run and its cancel, taken by two gateways at once, would not see each other.
    """
    names = [f"pandadb gateway run {number}" for number in sorted({*run_numbers})]
    ordered = select(func.unnest(literal(names, ARRAY(Text))).label("name")).cte("ordered")
    locked = select(func.pg_advisory_xact_lock(func.hashtextextended(ordered.c.name, 0)))
    session.execute(locked.add_cte(ordered)).all()


def keep(session: Transaction, wanted: CancelRequest, seconds: float) -> None:
    """Keep a cancel for a run that may come later, once; forget those that are too old."""
    same = [
        CANCEL.run_number == wanted.run_number,
        CANCEL.run_version == wanted.run_version,
        CANCEL.instrument.is_not_distinct_from(wanted.instrument),
        CANCEL.rb_number.is_not_distinct_from(wanted.rb_number),
    ]
    old = delete(GatewayCancel.__table__).where(or_(CANCEL.until < now(), and_(*same)))
    session.execute(old)
    row = {
        "run_number": wanted.run_number,
        "run_version": wanted.run_version,
        "instrument": wanted.instrument,
        "rb_number": wanted.rb_number,
        "until": now() + interval(seconds),
    }
    session.execute(insert(GatewayCancel.__table__).values(row))


def numbers(session: Transaction, run_numbers: Iterable[int]) -> set[int]:
    """Return those of the numbers of runs for which cancels are kept."""
    kept = select(CANCEL.run_number).where(
        is_among(CANCEL.run_number, {*run_numbers}), CANCEL.until >= now()
    )
    return {*session.scalars(kept)}


def take(session: Transaction, key: RunKey, run_version: int) -> bool:
    """Use the oldest cancel that is kept for a run; return whether there was one."""
    mine = (
        select(CANCEL.cancel_id)
        .where(
            CANCEL.run_number == key.run_number,
            CANCEL.run_version == run_version,
            CANCEL.until >= now(),
            or_(CANCEL.instrument.is_(None), CANCEL.instrument == key.instrument),
            or_(CANCEL.rb_number.is_(None), CANCEL.rb_number == key.rb_number),
        )
        .order_by(CANCEL.cancel_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    used = delete(GatewayCancel.__table__).where(CANCEL.cancel_id.in_(mine.scalar_subquery()))
    return session.execute(used.returning(CANCEL.cancel_id)).first() is not None
