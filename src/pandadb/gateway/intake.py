"""Messages that are received: each becomes a job, a cancel, or an event, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.gateway.deliveries import Delivery, Receipt, ReceiptKind

if TYPE_CHECKING:
    from pandadb.database import Database
    from pandadb.gateway.settings import GatewaySettings

__all__ = ["Delivery", "Receipt", "ReceiptKind", "receive"]


def receive(database: Database, settings: GatewaySettings, delivery: Delivery) -> Receipt:
    """Receive a message, whatever it is; acknowledge it once this has returned.

    An error of the database is raised: then nothing was committed, and the message is to come
    again. A message that is malformed is none: see `ReceiptKind`.
    """
    raise NotImplementedError
