"""Dead letters that are received once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.gateway.deliveries import Delivery, Receipt, ReceiptKind
from pandadb.gateway.intake import receive
from pandadb.services import gateway

if TYPE_CHECKING:
    from pandadb.database import Database
    from pandadb.gateway.settings import GatewaySettings
    from pandadb.services.gateway import DeadLetter


def replay(database: Database, settings: GatewaySettings, letter: DeadLetter) -> Receipt:
    """Receive a dead letter, as a message with an id of its own; a second call changes nothing.

    Nor does one after the id was forgotten, as the letter has the time of its replay. If it fails
    again, it is a new dead letter, and there is another event.
    """
    if letter.replayed_at is not None:
        return Receipt(ReceiptKind.REPEATED, reason="it was replayed before")
    headers = {name: value for name, value in letter.headers.items() if name != "redelivered"}
    message_id = f"replay-{letter.dead_letter_id}:{letter.message_id}"
    delivery = Delivery(letter.destination, message_id, headers, letter.body)
    own = settings.model_copy(update={"source": letter.source})
    receipt = receive(database, own, delivery)
    gateway.note_replayed(database, letter.dead_letter_id)
    return receipt
