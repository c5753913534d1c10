"""A connection to a STOMP broker, of one thread: it subscribes, acknowledges, and sends."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pandadb.gateway.broker.frames import BrokerLost, FrameListener, Message
from pandadb.gateway.broker.library import library

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.gateway.broker.options import BrokerOptions

RECEIPT_SECONDS = 30.0
"""Seconds that a broker has to confirm a message: it may write it to a disk."""
GOODBYE_SECONDS = 2.0
"""Seconds that a broker has to confirm the end."""
ONE_AT_A_TIME = {"activemq.prefetchSize": "1", "prefetch-count": "1"}
"""Headers of subscriptions by which ActiveMQ and RabbitMQ hand over one message at a time."""
KNOWS_CLIENT_ONLY = "coilmq/"
"""The name of a broker that takes `client-individual` for `auto`, and would lose messages."""


class BrokerConnection:
    """A connection: `connect` it first; after an error it is over.

    Each of its methods raises BrokerLost if the connection is lost.
    """

    def __init__(self, options: BrokerOptions) -> None:
        self._options = options
        self._listener = FrameListener()
        self._link = _link(options)
        self._link.set_listener("gateway", self._listener)
        self._numbers = itertools.count(1)

    @property
    def broker(self) -> str:
        """Return host and port of the broker."""
        place = self._link.transport.current_host_and_port
        return "{}:{}".format(*place) if place else "no broker"

    @property
    def is_lost(self) -> bool:
        """Return whether the connection has ended."""
        return self._listener.lost is not None

    def connect(self) -> None:
        """Connect to the first broker that answers, and log in.

        Raises:
            BrokerLost: None answers, or it refuses.
        """
        options = self._options
        password = options.password.get_secret_value() if options.password else None
        try:
            self._link.connect(options.user, password, with_connect_command=True)
            self._listener.wait_connected(options.timeout)
        except BrokerLost:
            self.abort()
            raise
        except Exception as error:  # sockets, TLS, and the library's own
            self.abort()
            places = ", ".join(f"{one.host}:{one.port}" for one in options.addresses)
            reason = str(error) or "no connection"
            raise BrokerLost(f"No broker answers at {places}: {reason}") from error

    def subscribe(self, destination: str) -> None:
        """Let the broker hand over the messages of a destination, one at a time."""
        mode = "client-individual"
        if (self._listener.server or "").startswith(KNOWS_CLIENT_ONLY):
            mode = "client"
        self._send_frame(
            "SUBSCRIBE",
            {"destination": destination, "id": destination, "ack": mode, **ONE_AT_A_TIME},
        )

    def next_message(self, seconds: float) -> Message | None:
        """Return the next message of the subscriptions; None if there is none in time."""
        return self._listener.next_message(seconds)

    def acknowledge(self, message: Message) -> None:
        """Let the broker forget a message."""
        self._send_frame("ACK", self._names(message))

    def refuse(self, message: Message) -> None:
        """Let the broker keep a message away: its own dead letters, if it has them."""
        self._send_frame("NACK", self._names(message))

    def _names(self, message: Message) -> dict[str, str]:
        """Return the headers that name a message in each version of the protocol.

        coilmq has no `ack` header, and takes the id of the subscription for it.
        """
        subscription = message.headers.get("subscription", "")
        names = {"message-id": message.message_id, "subscription": subscription}
        if self._options.version == "1.2":
            names["id"] = message.headers.get("ack", subscription)
        return names

    def send(self, destination: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a persistent message, and return when the broker has confirmed it."""
        receipt = f"sent-{next(self._numbers)}"
        own = {"persistent": "true", "content-type": "application/json"}
        needed = {
            "destination": destination,
            "content-length": str(len(body)),
            "receipt": receipt,
        }
        self._send_frame("SEND", {**own, **headers, **needed}, body)
        self._listener.wait_receipt(receipt, RECEIPT_SECONDS)

    def _send_frame(self, command: str, headers: dict[str, str], body: bytes = b"") -> None:
        self._listener.refuse_lost()
        try:
            self._link.send_frame(command, headers, body)
        except Exception as error:
            self._listener.end(str(error) or type(error).__name__)
            raise BrokerLost(f"The connection to the broker is lost: {error}") from error

    def close(self) -> None:
        """End the connection: what was sent before is with the broker."""
        if not self.is_lost:
            with suppress(BrokerLost):
                self._send_frame("DISCONNECT", {"receipt": "goodbye"})
                self._listener.wait_receipt("goodbye", GOODBYE_SECONDS)
        self.abort()

    def abort(self) -> None:
        """End the connection at once; another thread may do so, too."""
        self._listener.end("it was ended")
        with suppress(Exception):
            self._link.transport.disconnect_socket()


def _link(options: BrokerOptions) -> Any:
    """Return a connection of the library, which tries each broker once and hands over bytes."""
    stomp = library()
    beat = round(1000 * options.heartbeat)
    places = [(one.host, one.port) for one in options.addresses]
    made = {"1.1": stomp.StompConnection11, "1.2": stomp.StompConnection12}[options.version](
        places,
        prefer_localhost=False,
        try_loopback_connect=False,
        reconnect_sleep_initial=0,
        reconnect_attempts_max=1,
        timeout=options.timeout,
        heartbeats=(beat, beat),
        vhost=options.virtual_host,
        auto_decode=False,
        heart_beat_receive_scale=2.5,
    )
    encrypted = [(one.host, one.port) for one in options.addresses if one.encrypted]
    if encrypted:
        made.set_ssl(
            encrypted,
            key_file=_text(options.key_file),
            cert_file=_text(options.cert_file),
            ca_certs=_text(options.ca_file),
        )
        _end_at_the_end(made.transport)
    return made


def _text(path: Any) -> str | None:
    return None if path is None else str(path)


def _end_at_the_end(transport: Any) -> None:
    """Let the library's thread end when an encrypted connection does; it would spin for ever."""
    receive = transport.receive

    def received() -> bytes:
        found: bytes = receive()
        if not found and not transport.blocking:
            transport.running = False
        return found

    transport.receive = received
