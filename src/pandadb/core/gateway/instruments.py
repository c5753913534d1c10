"""Instruments: those that messages name are known from then on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from pandadb.models import GatewayInstrument

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

INSTRUMENT = GatewayInstrument.__table__.c


@dataclass(frozen=True)
class Instrument:
    """An instrument, with an operator's settings."""

    name: str
    is_active: bool = True
    is_paused: bool = False
    is_flat_output: bool = False


COLUMNS = [INSTRUMENT[name] for name in Instrument.__dataclass_fields__]


def seen(session: Transaction, name: str, *, is_active: bool) -> Instrument:
    """Return an instrument, made if it is new; others that take its runs are waited for.

    So versions of a run are counted by one transaction at a time.
    """
    new = insert(GatewayInstrument.__table__).values(name=name, is_active=is_active)
    session.execute(new.on_conflict_do_nothing())
    row = select(*COLUMNS).where(INSTRUMENT.name == name).with_for_update(key_share=True)
    return Instrument(*session.execute(row).one())


def activate(session: Transaction, instrument: Instrument) -> None:
    """Note that an instrument has runs."""
    if not instrument.is_active:
        mine = update(GatewayInstrument.__table__).where(INSTRUMENT.name == instrument.name)
        session.execute(mine.values(is_active=True))


def put(session: Transaction, instrument: Instrument) -> None:
    """Store an instrument, with its settings."""
    values = {name: getattr(instrument, name) for name in Instrument.__dataclass_fields__}
    new = insert(GatewayInstrument.__table__).values(values)
    session.execute(new.on_conflict_do_update(index_elements=["name"], set_=values))


def listed(session: Transaction) -> list[Instrument]:
    """Return all instruments by name."""
    return [Instrument(*row) for row in session.execute(select(*COLUMNS).order_by(INSTRUMENT.name))]
