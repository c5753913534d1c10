"""Poison messages: those that fail again and again become dead letters, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.gateway.deliveries import Delivery, Receipt

if TYPE_CHECKING:
    from pandadb.database import Database
    from pandadb.gateway.settings import GatewaySettings


def note_failure(
    database: Database, settings: GatewaySettings, delivery: Delivery, error: str
) -> Receipt | None:
    """Note a delivery that has failed; return a receipt if it was the last, so that it is kept.

    After so many deliveries as the settings say the message is a dead letter.
    """
    return None
