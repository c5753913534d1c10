"""A connection to a STOMP broker, of one thread: it subscribes, acknowledges, and sends."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pandadb.gateway.broker.addresses import read_address
from pandadb.gateway.broker.frames import BrokerLost, FrameListener, Message
from pandadb.gateway.broker.library import library
from pandadb.gateway.broker.password import password_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.gateway.broker.addresses import BrokerAddress
    from pandadb.gateway.settings import Broker

CONNECT_SECONDS = 10.0
"""Seconds that a connection may take."""
RECEIPT_SECONDS = 15.0
"""Seconds that a broker has to confirm a message: it may write it to a disk."""
GOODBYE_SECONDS = 2.0
"""Seconds that a broker has to confirm the end."""
PREFETCH = ("activemq.prefetchSize", "prefetch-count")
"""Headers of subscriptions with the number of messages ahead, of ActiveMQ and of RabbitMQ."""
HEARTBEAT_SCALE = 2.5
"""A broker is lost when it has been silent for so many times the heartbeat."""
KNOWS_CLIENT_ONLY = "coilmq/"
"""The name of a broker that takes `client-individual` for `auto`, and would lose messages."""


class BrokerConnection:
    """A connection: `connect` it first; after an error it is over.

    Each of its methods raises BrokerLost if the connection is lost.
    """

    def __init__(self, settings: Broker) -> None:
        self._settings = settings
        self._addresses = [read_address(one) for one in settings.urls]
        self._listener = FrameListener()
        self._link: Any = None
        self._version = ""
        self._numbers = itertools.count(1)

    @property
    def broker(self) -> str:
        """Return host and port of the broker."""
        place = self._link and self._link.transport.current_host_and_port
        return "{}:{}".format(*place) if place else "no broker"

    @property
    def is_lost(self) -> bool:
        """Return whether the connection has ended."""
        return self._listener.lost is not None

    @property
    def has_refused(self) -> bool:
        """Return whether the broker has ended the connection with an error."""
        return self._listener.refused

    def refuse_lost(self) -> None:
        """Raise an error if the connection has ended."""
        self._listener.refuse_lost()

    def connect(self) -> None:
        """Connect to the first broker that answers, and log in, with the first version it takes.

        Raises:
            BrokerLost: None answers, or it refuses.
            PasswordError: The file of the password cannot be read.
            StompMissing: The library is not installed.
        """
        password = password_of(self._settings)
        for number, version in enumerate(self._settings.versions, 1):
            self._listener, self._version = FrameListener(), version
            self._link = _link(self._settings, self._addresses, version)
            self._link.set_listener("gateway", self._listener)
            try:
                self._log_in(password)
            except BrokerLost:
                refused = self._listener.refused
                self.abort()
                if not refused or number == len(self._settings.versions):
                    raise
            else:
                return

    def _log_in(self, password: str | None) -> None:
        try:
            self._link.connect(self._settings.user, password, with_connect_command=True)
        except Exception as error:  # sockets, TLS, and the library's own
            places = ", ".join(f"{one.host}:{one.port}" for one in self._addresses)
            reason = str(error) or "no connection"
            raise BrokerLost(f"No broker answers at {places}: {reason}") from error
        self._listener.wait_connected(CONNECT_SECONDS)

    def subscribe(self, destination: str) -> None:
        """Let the broker hand over the messages of a destination."""
        server = self._listener.server or ""
        mode = "client" if server.startswith(KNOWS_CLIENT_ONLY) else "client-individual"
        ahead = dict.fromkeys(PREFETCH, str(self._settings.prefetch))
        words = {"destination": destination, "id": destination, "ack": mode}
        self._send_frame("SUBSCRIBE", {**words, **ahead})

    def next_message(self, seconds: float) -> Message | None:
        """Return the next message of the subscriptions; None if there is none in time."""
        return self._listener.next_message(seconds)

    def acknowledge(self, message: Message) -> None:
        """Let the broker forget a message."""
        self._send_frame("ACK", self._names(message))

    def _names(self, message: Message) -> dict[str, str]:
        """Return the headers that name a message in each version of the protocol.

        coilmq has no `ack` header, and takes the id of the subscription for it.
        """
        subscription = message.headers.get("subscription", "")
        names = {"message-id": message.message_id, "subscription": subscription}
        if self._version == "1.2":
            names["id"] = message.headers.get("ack", subscription)
        return names

    def send(self, destination: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a persistent message, and return when the broker has confirmed it."""
        self._listener.wait_receipt(self._post(destination, body, headers), RECEIPT_SECONDS)

    def send_all(self, messages: Sequence[tuple[str, bytes, Mapping[str, str]]]) -> list[bool]:
        """Send persistent messages, then wait for all; return whether each is confirmed.

        They have destinations, bodies and headers. If one is not confirmed, the connection is over,
        and nothing is raised: it is not known which one is to blame.
        """
        receipts: list[str] = []
        with suppress(BrokerLost):
            for one in messages:
                receipts.append(self._post(*one))  # noqa: PERF401 - an error leaves those before it
        confirmed = self._listener.wait_receipts({*receipts}, RECEIPT_SECONDS)
        if len(confirmed) < len(messages):
            self._listener.end(f"a message was not confirmed in {RECEIPT_SECONDS:g} s")
        found = [receipt in confirmed for receipt in receipts]
        return found + [False] * (len(messages) - len(found))

    def _post(self, destination: str, body: bytes, headers: Mapping[str, str]) -> str:
        """Send a message; return the name of its receipt."""
        receipt = f"sent-{next(self._numbers)}"
        own = {"persistent": "true", "content-type": "application/json"}
        needed = {
            "destination": destination,
            "content-length": str(len(body)),
            "receipt": receipt,
        }
        self._send_frame("SEND", {**own, **headers, **needed}, body)
        return receipt

    def _send_frame(self, command: str, headers: dict[str, str], body: bytes = b"") -> None:
        self._listener.refuse_lost()
        try:
            self._link.send_frame(command, headers, body)
        except Exception as error:
            self._listener.end(str(error) or type(error).__name__)
            raise BrokerLost(f"The connection to the broker is lost: {error}") from error

    def close(self) -> None:
        """End the connection; frames that were sent before are with the broker."""
        if not self.is_lost:
            with suppress(BrokerLost):
                self._send_frame("DISCONNECT", {"receipt": "goodbye"})
                self._listener.wait_receipt("goodbye", GOODBYE_SECONDS)
        self.abort()

    def abort(self) -> None:
        """End the connection at once; another thread may do so, too."""
        self._listener.end("it was ended")
        with suppress(Exception):  # it has ended already
            self._link.transport.disconnect_socket()


def _link(settings: Broker, addresses: Sequence[BrokerAddress], version: str) -> Any:
    """Return a connection of the library that tries each broker once and hands over bytes."""
    stomp = library()
    beat = round(1000 * settings.heartbeat)
    made = {"1.1": stomp.StompConnection11, "1.2": stomp.StompConnection12}[version](
        [(one.host, one.port) for one in addresses],
        prefer_localhost=False,
        try_loopback_connect=False,
        reconnect_sleep_initial=0,
        reconnect_attempts_max=1,
        timeout=CONNECT_SECONDS,
        heartbeats=(beat, beat),
        vhost=settings.virtual_host,
        auto_decode=False,
        heart_beat_receive_scale=HEARTBEAT_SCALE,
    )
    encrypted = [(one.host, one.port) for one in addresses if one.encrypted]
    if encrypted:
        made.set_ssl(
            encrypted,
            key_file=_text(settings.key_file),
            cert_file=_text(settings.certificate_file),
            ca_certs=_text(settings.ca_file),
            verify=settings.check_certificate,
        )
        _end_at_the_end(made.transport)
    return made


def _text(path: Any) -> str | None:
    return None if path is None else str(path)


def _end_at_the_end(transport: Any) -> None:
    """Let the library's thread end when an encrypted connection does; it would spin for ever."""
    receive = transport.receive

    def received() -> bytes | None:
        found: bytes | None = receive()
        if found == b"" and not transport.blocking:  # None: nothing yet
            transport.running = False
        return found

    transport.receive = received
