"""Dead letters: messages that could not be worked on; listed, received once more, or dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update

from pandadb.core.sql.expressions import now
from pandadb.models import GatewayDeadLetter

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from pandadb.core.sql.transaction import Transaction

LETTER = GatewayDeadLetter.__table__.c


@dataclass(frozen=True)
class DeadLetter:
    """A message that could not be worked on; times are naive UTC."""

    dead_letter_id: int
    source: str
    message_id: str
    destination: str
    reason: str
    deliveries: int
    """How often the broker had delivered it."""
    first_at: datetime
    last_at: datetime
    replayed_at: datetime | None
    """The time at which it was received once more."""
    size: int
    """Bytes of its body."""
    headers: Any = None
    body: bytes = b""


SUMMARY = (
    *(
        LETTER[name]
        for name in (
            "dead_letter_id", "source", "message_id", "destination", "reason", "deliveries",
            "first_at", "last_at", "replayed_at",
        )
    ),
    func.octet_length(LETTER.body).label("size"),
)  # fmt: skip
"""All but headers and body, which may be large."""


def listed(
    session: Transaction, *, limit: int, after: int, replayed: bool = False
) -> list[DeadLetter]:
    """Return dead letters with numbers above one, in their order; without headers and bodies."""
    rows = select(*SUMMARY).where(LETTER.dead_letter_id > after)
    if not replayed:
        rows = rows.where(LETTER.replayed_at.is_(None))
    rows = rows.order_by(LETTER.dead_letter_id).limit(limit)
    return [DeadLetter(*row) for row in session.execute(rows)]


def find(session: Transaction, dead_letter_id: int) -> DeadLetter | None:
    """Return a dead letter, whole; None if there is none."""
    rows = select(*SUMMARY, LETTER.headers, LETTER.body)
    found = session.execute(rows.where(LETTER.dead_letter_id == dead_letter_id)).first()
    return None if found is None else DeadLetter(*found)


def note_replayed(session: Transaction, dead_letter_id: int) -> None:
    """Note that a dead letter was received once more."""
    mine = update(GatewayDeadLetter.__table__).where(LETTER.dead_letter_id == dead_letter_id)
    session.execute(mine.values(replayed_at=now()))


def drop(session: Transaction, dead_letter_ids: Collection[int]) -> list[int]:
    """Delete dead letters; return those that there were."""
    gone = delete(GatewayDeadLetter.__table__).where(LETTER.dead_letter_id.in_([*dead_letter_ids]))
    return sorted(session.scalars(gone.returning(LETTER.dead_letter_id)))


def number(session: Transaction) -> int:
    """Return how many dead letters wait for a person."""
    waiting = select(func.count()).where(LETTER.replayed_at.is_(None))
    return session.execute(waiting).scalar_one()
