"""Addresses of brokers, written as URLs."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from pandadb.errors import InvalidInput

PORT, ENCRYPTED_PORT = 61613, 61614
"""The usual ports of STOMP."""
QUEUE = "/queue/"
"""The beginning of the names of queues, with all brokers."""
PLAIN = "stomp"
ENCRYPTED = ("stomp+ssl", "stomp+tls", "stomps")


class InvalidBroker(InvalidInput):
    """An address of a broker that cannot be."""


@dataclass(frozen=True)
class BrokerAddress:
    """The address of a broker."""

    host: str
    port: int = PORT
    encrypted: bool = False


def read_address(url: str) -> BrokerAddress:
    """Return the address of a URL such as `stomp://host:61613`, or `stomp+ssl://host`.

    Raises:
        InvalidBroker: It is none. A password in it is refused, as it would be seen by others.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in (PLAIN, *ENCRYPTED) or not host or port == 0 or parts.path.strip("/"):
        raise InvalidBroker(
            "The address of a broker is stomp://host:port, or stomp+ssl://host:port"
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidBroker(
            "The address of a broker has no user and no password: they are settings of their own"
        )
    encrypted = parts.scheme in ENCRYPTED
    return BrokerAddress(unquote(host), port or (ENCRYPTED_PORT if encrypted else PORT), encrypted)


def path_of(name: str) -> str:
    """Return the destination of a queue's name: with `/queue/`, unless it is a path already."""
    return name if name.startswith("/") else f"{QUEUE}{name}"
