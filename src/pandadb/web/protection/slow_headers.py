"""Clients that send the headers of a request too slowly, or none at all."""

from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_TIMEOUT = 15.0
"""Seconds for the headers of the first request of a connection; uvicorn knows no limit."""


class TimedProtocol(H11Protocol):
    """HTTP/1.1 whose connections are closed if no request has come in time."""

    @override
    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.loop.call_later(HEADERS_TIMEOUT, self._close_without_request)

    def _close_without_request(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()
