"""A mail server that keeps what it has received."""

from __future__ import annotations

import email
import email.policy
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.config import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


class Inbox:
    """What a server has received; it refuses the addresses of `refused` with a code."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refused: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, *_: Any
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        policy = email.policy.default
        self.mails.append(email.message_from_bytes(envelope.content, policy=policy))  # type: ignore[arg-type]
        return "250 OK"


@contextmanager
def running_smtp(inbox: Inbox | None = None) -> Iterator[tuple[Inbox, Settings]]:
    """Run a server; yield what it receives, and the settings of a client."""
    controllers = pytest.importorskip("aiosmtpd.controller")
    inbox = inbox or Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = controllers.Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield (
            inbox,
            Settings(
                smtp_host="127.0.0.1",
                smtp_port=port,
                smtp_security="none",
                smtp_from="panda@example.org",
            ),
        )
    finally:
        controller.stop()
