"""Messages that were received, so that one that comes again is known; those that failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.gateway.requests import Taken
from pandadb.core.gateway.run_events import without_nul
from pandadb.core.sql.expressions import interval, now
from pandadb.models import GatewayDeadLetter, GatewayDelivery, GatewayMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.gateway.requests import Received
    from pandadb.core.sql.transaction import Transaction

MESSAGE, DELIVERY, LETTER = (
    m.__table__.c for m in (GatewayMessage, GatewayDelivery, GatewayDeadLetter)
)
REPEATED = "repeated"
REDELIVERED_WITHIN = timedelta(hours=1)
"""For so long the same content, called redelivered, is the same message."""
MAX_ID, MAX_REASON = 300, 2000


def enter(session: Transaction, message: Received) -> tuple[Received, Taken | None]:
    """Note a message; return it, and its result if it was received before.

    Another transaction that receives it is waited for. A message with the id of another content is
    another one, and returned with an id of its own: a broker that was set up anew counts anew.
    """
    if not _is_new(session, message):
        if _earlier_key(session, message) == message.content_key:
            _forget_deliveries(session, [message])
            return message, _earlier(session, message, by_content=False)
        mark = f"#{message.content_key[:16]}"
        message = replace(message, message_id=message.message_id[: MAX_ID - len(mark)] + mark)
        if not _is_new(session, message):
            return message, _earlier(session, message, by_content=False)
    if message.is_redelivered:
        return message, _earlier(session, message, by_content=True)
    return message, None


def enter_new(session: Transaction, messages: Sequence[Received]) -> bool:
    """Note messages, unless one of them was received before; report whether none was.

    Other transactions that receive one of them are waited for.
    """
    rows = [_row(one) for one in sorted(messages, key=lambda one: (one.source, one.message_id))]
    new = insert(GatewayMessage.__table__).values(rows).on_conflict_do_nothing()
    number = len(session.execute(new.returning(MESSAGE.source)).all())
    return number == len(messages) and not any(one.is_redelivered for one in messages)


def _is_new(session: Transaction, message: Received) -> bool:
    """Insert the row of a message; report whether there was none with its id."""
    new = insert(GatewayMessage.__table__).values(_row(message)).on_conflict_do_nothing()
    return session.execute(new.returning(MESSAGE.source)).first() is not None


def _row(message: Received) -> dict[str, str]:
    return {
        "source": message.source,
        "message_id": message.message_id,
        "content_key": message.content_key,
        "destination": message.destination[:MAX_ID],
    }


def _earlier_key(session: Transaction, message: Received) -> str | None:
    """Return the key of the content that was received with the id of a message."""
    same = MESSAGE.source == message.source, MESSAGE.message_id == message.message_id
    return session.scalars(select(MESSAGE.content_key).where(*same)).one_or_none()


def _earlier(session: Transaction, message: Received, *, by_content: bool) -> Taken | None:
    same = [MESSAGE.source == message.source]
    if by_content:
        same += [
            MESSAGE.content_key == message.content_key,
            MESSAGE.message_id != message.message_id,
            MESSAGE.received_at > now() - REDELIVERED_WITHIN,
        ]
    else:
        same += [MESSAGE.message_id == message.message_id]
    rows = select(MESSAGE.pandaid, MESSAGE.reason).where(*same)
    found = session.execute(rows.order_by(MESSAGE.received_at).limit(1)).first()
    return None if found is None else Taken(REPEATED, found.pandaid, found.reason)


def note(
    session: Transaction, message: Received, taken: Taken, warnings: Sequence[str] = ()
) -> None:
    """Note the result of a message; it has no failed deliveries any more."""
    note_all(session, [(message, taken, warnings)])


def note_all(
    session: Transaction, results: Sequence[tuple[Received, Taken, Sequence[str]]]
) -> None:
    """Note the results of messages, with warnings; they have no failed deliveries any more."""
    mine = update(GatewayMessage.__table__).where(
        MESSAGE.source == bindparam("of_source"), MESSAGE.message_id == bindparam("of_id")
    )
    rows = [
        {
            "of_source": message.source,
            "of_id": message.message_id,
            "kind": taken.kind,
            "pandaid": taken.pandaid,
            "reason": taken.reason,
            "warnings": [*warnings] or None,
        }
        for message, taken, warnings in results
    ]
    session.execute(mine, rows)
    _forget_deliveries(session, [message for message, _, _ in results])


def note_failure(session: Transaction, message: Received, error: str) -> int:
    """Note a delivery that has failed; return how often the message was delivered."""
    row = {"source": message.source, "message_id": message.message_id, "last_error": error}
    new = insert(GatewayDelivery.__table__).values(row)
    again = new.on_conflict_do_update(
        index_elements=["source", "message_id"],
        set_={
            "deliveries": DELIVERY.deliveries + 1,
            "last_at": now(),
            "last_error": new.excluded.last_error,
        },
    )
    found: int = session.scalars(again.returning(DELIVERY.deliveries)).one()
    return found


def bury(session: Transaction, message: Received, reason: str) -> int:
    """Keep a message, whole, as a dead letter; return its number."""
    failed = (
        select(DELIVERY.deliveries, DELIVERY.first_at)
        .where(DELIVERY.source == message.source, DELIVERY.message_id == message.message_id)
        .subquery()
    )
    deliveries, first_at = session.execute(
        select(
            func.coalesce(func.max(failed.c.deliveries), 1),
            func.coalesce(func.min(failed.c.first_at), now()),
        )
    ).one()
    row = {
        "source": message.source,
        "message_id": message.message_id,
        "destination": message.destination[:MAX_ID],
        "headers": without_nul(dict(message.headers)),
        "body": message.content,
        "reason": reason[:MAX_REASON],
        "deliveries": deliveries,
        "first_at": first_at,
    }
    _forget_deliveries(session, [message])
    made = insert(GatewayDeadLetter.__table__).values(row).returning(LETTER.dead_letter_id)
    found: int = session.scalars(made).one()
    return found


def _forget_deliveries(session: Transaction, messages: Sequence[Received]) -> None:
    names = [(message.source, message.message_id) for message in messages]
    failed = delete(GatewayDelivery.__table__)
    session.execute(failed.where(tuple_(DELIVERY.source, DELIVERY.message_id).in_(names)))


def forget(session: Transaction, seconds: float) -> int:
    """Forget messages that were received so long ago, and failed deliveries; return how many."""
    session.execute(
        delete(GatewayDelivery.__table__).where(DELIVERY.last_at < now() - interval(seconds))
    )
    old = delete(GatewayMessage.__table__).where(MESSAGE.received_at < now() - interval(seconds))
    return len(session.scalars(old.returning(MESSAGE.message_id)).all())
