"""Limits of requests: how many at once, how long a body is, and how long a client may take."""

import asyncio
import logging
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger(__name__)
RETRY_AFTER = {"Retry-After": "5"}
CLOSE = {"Connection": "close"}


class RequestLimits:
    """Refuses requests beyond the limits before they get a thread or a connection."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_requests: int,
        max_body: int,
        body_timeout: float,
        send_timeout: float,
    ) -> None:
        self.app = app
        self.max_requests, self.max_body = max_requests, max_body
        self.body_timeout, self.send_timeout = body_timeout, send_timeout
        self.at_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it is one too many, or too large."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif self.at_work >= self.max_requests:
            await _refuse(503, "The server is overloaded.", RETRY_AFTER)(scope, receive, send)
        elif _has_two_lengths(Request(scope)):
            await _refuse(400, "The request has two lengths.", CLOSE)(scope, receive, send)
        elif _length(Request(scope)) > self.max_body:
            await _refuse(413, "The request is too large.", CLOSE)(scope, receive, send)
        else:
            self.at_work += 1
            try:
                await self.app(scope, self._limited(receive), self._timed(send))
            except (TimeoutError, ClientDisconnect):
                LOG.info("%s was left: its client takes no answer", scope["path"])
            finally:
                self.at_work -= 1

    def _limited(self, receive: Receive) -> Receive:
        """Return a function that receives a body within the limits."""
        length, complete = 0, False
        until = asyncio.get_running_loop().time() + self.body_timeout

        async def limited() -> Message:
            nonlocal length, complete
            if complete:  # the only further message is that the client has gone
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "The request was too slow.", CLOSE) from None
            length += len(message.get("body", b""))
            if length > self.max_body:
                raise HTTPException(413, "The request is too large.", CLOSE)
            complete = not message.get("more_body", False)
            return message

        return limited

    def _timed(self, send: Send) -> Send:
        """Return a function that gives up a client that does not take an answer."""

        async def timed(message: Message) -> None:
            async with asyncio.timeout(self.send_timeout):
                await send(message)

        return timed


def _has_two_lengths(request: Request) -> bool:
    """Return whether a proxy could take another end of the request for its end than we do."""
    return "content-length" in request.headers and "transfer-encoding" in request.headers


def _length(request: Request) -> int:
    """Return the bytes that a client has announced; 0 if it has not."""
    announced = request.headers.get("content-length", "")
    return int(announced) if announced.isdecimal() else 0


def _refuse(status: int, sentence: str, headers: Mapping[str, str]) -> PlainTextResponse:
    return PlainTextResponse(f"{sentence}\n", status_code=status, headers=dict(headers))
