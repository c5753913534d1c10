"""Messages of the broker: received many at a time, each acknowledged after its COMMIT."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING

from pandadb.gateway.broker.addresses import path_of
from pandadb.gateway.broker.backoff import connected
from pandadb.gateway.broker.frames import BrokerLost
from pandadb.gateway.broker.log import fields
from pandadb.gateway.broker.poison import note_failure
from pandadb.gateway.deliveries import Delivery, Receipt, ReceiptKind
from pandadb.worker.reconnects import first_line, is_passing, pause_after

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Sequence

    from pandadb.database import Database
    from pandadb.gateway.broker.activity import Activity
    from pandadb.gateway.broker.connection import BrokerConnection
    from pandadb.gateway.broker.frames import Message
    from pandadb.gateway.settings import GatewaySettings

    Receive = Callable[[Database, GatewaySettings, Sequence[Delivery]], Iterable[Receipt]]

logger = logging.getLogger("pandadb.gateway")
MAX_BATCH = 100
"""Messages that are received at a time; no more than the broker hands over."""
MAX_BYTES = 1 << 24
"""Bytes of their bodies at which no more are added."""
LOOK = 0.25
"""Seconds between two looks whether the process is to end."""
DELIVERED_AGAIN = "It was delivered before, and not acknowledged"


class Consumer:
    """Takes messages until `end` is set; survives the broker and the database."""

    def __init__(
        self,
        database: Database,
        settings: GatewaySettings,
        receive: Receive,
        end: threading.Event,
        activity: Activity,
    ) -> None:
        self._database, self._settings, self._receive = database, settings, receive
        self._end, self._activity = end, activity

    def run(self) -> None:
        """Connect, and take messages; connect again when the connection is lost."""
        while not self._end.is_set():
            connection = connected(self._settings.broker, self._end, self._destinations())
            if connection is None:
                return
            self._activity.connected(connection.broker)
            logger.info(
                "Connected to %s", connection.broker,
                extra=fields("connected", broker=connection.broker),
            )  # fmt: skip
            try:
                self._consume(connection)
            except BrokerLost as error:
                self._activity.disconnected(str(error))
                logger.warning("%s", error, extra=fields("broker lost"))
            finally:
                connection.close()

    def _destinations(self) -> list[str]:
        names = dict(self._settings.destinations)
        return [path_of(names[role]) for role in self._settings.broker.consume]

    def _consume(self, connection: BrokerConnection) -> None:
        while not self._end.is_set():
            messages = _next(connection)
            number = self._take_together(connection, messages)
            for message in messages[number:]:
                receipt = self._received(connection, message)
                if receipt is None:
                    return
                self._acknowledge(connection, message, receipt)

    def _take_together(self, connection: BrokerConnection, messages: Sequence[Message]) -> int:
        """Receive messages at once; return how many of the first ones are acknowledged.

        After an error the rest is received one by one, to see which one is to blame. So are those
        that were delivered before.

        Raises:
            BrokerLost: The connection was lost meanwhile: the rest comes again.
        """
        fresh = [*itertools.takewhile(lambda one: not one.is_redelivered, messages)]
        number = 0
        if len(fresh) < 2:
            return number
        try:
            receipts = self._receive(self._database, self._settings, list(map(_delivery, fresh)))
            for message, receipt in zip(fresh, receipts, strict=True):
                self._acknowledge(connection, message, receipt)
                number += 1
        except BrokerLost:
            raise
        except Exception as error:  # noqa: BLE001 - it is seen again, with its message
            logger.info(
                "Messages are received one by one: %s", first_line(error), extra=fields("alone")
            )
        return number

    def _acknowledge(
        self, connection: BrokerConnection, message: Message, receipt: Receipt
    ) -> None:
        connection.acknowledge(message)
        self._activity.received += 1
        _log(_delivery(message), receipt)

    def _received(self, connection: BrokerConnection, message: Message) -> Receipt | None:
        """Return the receipt of a message; None if the process is to end before there is one.

        While the database is away, the message is held, and heartbeats go on. After each other
        error it is tried again, until it has failed too often.

        Raises:
            BrokerLost: The connection was lost meanwhile: the message comes again.
        """
        failure = DELIVERED_AGAIN if message.is_redelivered else None
        delivery, attempts = _delivery(message), 0
        while not self._end.is_set():
            try:
                if failure is not None:
                    buried = note_failure(self._database, self._settings, delivery, failure)
                    failure = None
                    if buried is not None:
                        return buried
                return next(iter(self._receive(self._database, self._settings, [delivery])))
            except Exception as error:
                attempts += 1
                failure = failure if is_passing(error) else _told(delivery, error)
                if is_passing(error) and attempts == 1:
                    _log_held(delivery, error)
                self._end.wait(pause_after(attempts))
                if connection.is_lost:
                    raise BrokerLost("The connection was lost while a message was held") from error
        return None


def _next(connection: BrokerConnection) -> list[Message]:
    """Return the messages that have come, none if there is none in a while."""
    found: list[Message] = []
    size = 0
    while len(found) < MAX_BATCH and size < MAX_BYTES:
        message = connection.next_message(0 if found else LOOK)
        if message is None:
            break
        found.append(message)
        size += len(message.body)
    return found


def _delivery(message: Message) -> Delivery:
    return Delivery(message.destination, message.message_id, message.headers, message.body)


def _log_held(delivery: Delivery, error: Exception) -> None:
    logger.warning(
        "Message %s is held: %s", delivery.message_id, first_line(error),
        extra=fields("held", message_id=delivery.message_id),
    )  # fmt: skip


def _told(delivery: Delivery, error: Exception) -> str:
    """Log an error that a message has caused; return its first line."""
    logger.error(
        "Message %s has failed: %s", delivery.message_id, first_line(error), exc_info=error,
        extra=fields("failed", message_id=delivery.message_id),
    )  # fmt: skip
    return first_line(error)


def _log(delivery: Delivery, receipt: Receipt) -> None:
    """Log the receipt of a message: never its body, as that may be large, or secret."""
    about = receipt.reason or (f"job {receipt.pandaid}" if receipt.pandaid else "")
    logger.log(
        logging.WARNING if receipt.kind is ReceiptKind.ERROR else logging.INFO,
        "Message %s of %s: %s %s",
        delivery.message_id, delivery.destination, receipt.kind, about,
        extra=fields(
            "received", message_id=delivery.message_id, destination=delivery.destination,
            kind=receipt.kind, pandaid=receipt.pandaid, reason=receipt.reason,
        ),
    )  # fmt: skip
    for warning in receipt.warnings:
        logger.warning(
            "Message %s: %s", delivery.message_id, warning,
            extra=fields("warning", message_id=delivery.message_id),
        )  # fmt: skip
