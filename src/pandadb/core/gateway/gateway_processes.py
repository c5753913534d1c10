"""Gateways: processes that take messages, each with a row while it lives and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.gateway.kinds import KINDS
from pandadb.core.sql.expressions import interval, now
from pandadb.models import GatewayProcess, Outbox

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction

PROCESS, EVENT = GatewayProcess.__table__.c, Outbox.__table__.c
SILENT_AFTER = 30.0
"""Seconds without a sign of life after which a gateway counts as killed, or cut off."""
LISTED_FOR = 3600.0
"""Seconds that a killed gateway is listed beside those that run."""
KEPT_FOR = 7 * 86_400.0
"""Seconds that gateways which have ended, or were killed, stay known."""


@dataclass(frozen=True)
class Gateway:
    """A gateway; times are naive UTC."""

    gateway_id: str
    source: str
    host: str
    pid: int
    version: str
    broker: str | None
    """Host and port of its broker; None while it is not connected."""
    received: int
    sent: int
    last_error: str | None
    started_at: datetime
    last_seen: datetime
    stopped_at: datetime | None
    silent: bool
    """Whether its last sign of life is old."""

    @property
    def state(self) -> str:
        """Return its state in a word."""
        if self.stopped_at is not None:
            return "stopped"
        if self.silent:
            return "silent"
        return "connected" if self.broker else "without a broker"


COLUMNS: list[Any] = [PROCESS[name] for name in Gateway.__dataclass_fields__ if name != "silent"]


@dataclass(frozen=True)
class WaitingEvents:
    """Events for the broker that it does not have yet."""

    waiting: int = 0
    given_up: int = 0
    age: float | None = None
    """Seconds since the oldest that waits was written; None if none waits."""
    last_error: str | None = None
    """An error of those that have failed."""


@dataclass(frozen=True)
class Sign:
    """A sign of life."""

    broker: str | None = None
    received: int = 0
    sent: int = 0
    last_error: str | None = None
    ended: bool = False


def register(
    session: Transaction, gateway_id: str, *, source: str, host: str, pid: int, version: str
) -> None:
    """Register a gateway that begins; forget those that have been gone for long."""
    old = delete(GatewayProcess.__table__).where(PROCESS.last_seen < now() - interval(KEPT_FOR))
    session.execute(old)
    row = {
        "gateway_id": gateway_id,
        "source": source,
        "host": host[:255],
        "pid": pid,
        "version": version,
    }
    session.execute(insert(GatewayProcess.__table__).values(row))


def note_sign(session: Transaction, gateway_id: str, sign: Sign) -> None:
    """Note a sign of life of a gateway, or its end."""
    mine = update(GatewayProcess.__table__).where(PROCESS.gateway_id == gateway_id)
    seen = {
        "broker": None if sign.ended else sign.broker,
        "received": sign.received,
        "sent": sign.sent,
        "last_error": sign.last_error,
        "last_seen": now(),
        "stopped_at": now() if sign.ended else None,
    }
    session.execute(mine.values(seen))


def listed(session: Transaction, *, stopped: bool = False) -> list[Gateway]:
    """Return gateways, the newest first; with `stopped` also those that ended, or are long gone."""
    silent: Any = PROCESS.last_seen < now() - interval(SILENT_AFTER)
    rows: Select[Any] = select(*COLUMNS, silent).order_by(
        PROCESS.started_at.desc(), PROCESS.gateway_id
    )
    if not stopped:
        recent = PROCESS.last_seen > now() - interval(LISTED_FOR)
        rows = rows.where(PROCESS.stopped_at.is_(None), recent)
    return [Gateway(*row) for row in session.execute(rows)]


def waiting_events(session: Transaction) -> WaitingEvents:
    """Return how many events wait for a broker, and since when."""
    waits = EVENT.given_up_at.is_(None)
    oldest = func.min(EVENT.created_at).filter(waits)
    rows = select(
        func.count().filter(waits),
        func.count().filter(~waits),
        func.extract("epoch", now() - oldest),
        func.max(EVENT.last_error),
    ).where(EVENT.sent_at.is_(None), EVENT.kind.in_(KINDS))
    waiting, given_up, age, error = session.execute(rows).one()
    return WaitingEvents(waiting, given_up, None if age is None else float(age), error)
