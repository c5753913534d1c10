"""Gateways of the tests as threads of this process, and events for them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from pandadb.gateway.broker.gateway_loop import GatewayLoop
from pandadb.gateway.deliveries import Receipt, ReceiptKind
from pandadb.gateway.settings import GatewaySettings
from pandadb.models import Outbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandadb.database import Database
    from pandadb.gateway.deliveries import Delivery
    from tests.gateway.brokers import Broker

COMPLETE = "gateway:ReductionComplete"


def settings_of(*brokers: Broker, **changed: Any) -> GatewaySettings:
    """Return settings for brokers: those that are lost are tried again soon."""
    urls = [one.url for one in brokers]
    words = {"reconnect_after": 0.05, "reconnect_limit": 0.3, **changed.pop("broker", {})}
    return GatewaySettings.model_validate({"broker": {"urls": urls, **words}, **changed})


@contextmanager
def running(database: Database, settings: GatewaySettings, **words: Any) -> Iterator[GatewayLoop]:
    """Run a gateway in a thread; it has ended in time afterwards, or the test fails."""
    loop = GatewayLoop(database, settings, **words)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            loop.run()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.stop()
        thread.join(30)
    assert not thread.is_alive()
    if errors:
        raise errors[0]


def put_event(
    database: Database, destination: str, body: Any, pandaid: int | None = None, **headers: str
) -> int:
    """Write an event as the gateway's jobs do; return its number."""
    payload = {"destination": destination, "headers": headers, "body": body}
    row = {"kind": COMPLETE, "pandaid": pandaid, "payload": payload}
    with database.session() as session:
        made = insert(Outbox).values(row).returning(Outbox.event_id)
        return int(session.execute(made).scalar_one())


class Receiver:
    """Keeps what it is handed over, and raises given errors first."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.deliveries: list[Delivery] = []

    def __call__(
        self, _database: Database, _settings: GatewaySettings, deliveries: Sequence[Delivery]
    ) -> Iterator[Receipt]:
        for delivery in deliveries:
            self.deliveries.append(delivery)
            if self.errors:
                raise self.errors.pop(0)
            yield Receipt(ReceiptKind.JOB, 1)
