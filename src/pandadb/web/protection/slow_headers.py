"""Clients that send the headers of a request too slowly, or none at all."""

from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_TIMEOUT = 15.0
"""Seconds for the headers of a request; uvicorn has no limit of its own."""


class TimedProtocol(H11Protocol):
    """HTTP/1.1 whose connections are closed if the next request has not come in time."""

    @override
    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_request()

    @override
    def on_response_complete(self) -> None:
        """Begin to wait for the next request; a connection without any data ends earlier."""
        super().on_response_complete()
        self._wait_for_request()

    def _wait_for_request(self) -> None:
        self.loop.call_later(HEADERS_TIMEOUT, self._close_unless_begun, self.cycle)

    def _close_unless_begun(self, last: Any) -> None:
        if self.cycle is last and not self.transport.is_closing():
            self.transport.close()
