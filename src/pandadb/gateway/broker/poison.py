"""Poison messages: those that fail again and again become dead letters, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.gateway.deliveries import Receipt, ReceiptKind
from pandadb.gateway.intake import as_received
from pandadb.services import gateway

if TYPE_CHECKING:
    from pandadb.database import Database
    from pandadb.gateway.deliveries import Delivery
    from pandadb.gateway.settings import GatewaySettings


def note_failure(
    database: Database, settings: GatewaySettings, delivery: Delivery, error: str
) -> Receipt | None:
    """Note a delivery that has failed; return a receipt if it was the last, so that it is kept.

    After `max_deliveries` the message is a dead letter, and an event has the reason.
    """
    message = as_received(settings, delivery)
    failed = gateway.note_failure(database, message, error)
    if failed < settings.broker.max_deliveries:
        return None
    reason = f"It was delivered {failed} times, and has failed each time: {error}"
    taken = gateway.refuse(database, message, reason, {})
    return Receipt(ReceiptKind(taken.kind), taken.pandaid, taken.reason)
