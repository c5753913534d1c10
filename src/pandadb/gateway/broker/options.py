"""How to reach the broker: addresses, encryption, names; made of the settings of the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydantic import SecretStr

PORT, ENCRYPTED_PORT = 61613, 61614
"""The usual ports of STOMP."""
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


@dataclass(frozen=True)
class BrokerOptions:
    """How to reach the broker."""

    addresses: Sequence[BrokerAddress]
    """Brokers, of which the first one that answers is used."""
    version: str = "1.1"
    """Version of the protocol: 1.1 or 1.2."""
    user: str | None = None
    password: SecretStr | None = None
    virtual_host: str | None = None
    heartbeat: float = 10.0
    """Seconds between two signs of life, in both directions; 0 for none."""
    timeout: float = 10.0
    """Seconds that a connection may take."""
    ca_file: Path | None = None
    """Certificates that the broker's one is proven by; None for those of the system."""
    cert_file: Path | None = None
    key_file: Path | None = None


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
