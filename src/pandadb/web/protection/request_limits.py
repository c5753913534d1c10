"""Limits of requests: how many at once, how long a body is, and how long a client may take."""

import asyncio
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RETRY_AFTER = {"Retry-After": "5"}
CLOSE = {"Connection": "close"}


class RequestLimits:
    """Refuses requests beyond the limits before they get a thread or a connection."""

    def __init__(
        self, app: ASGIApp, *, max_requests: int, max_body: int, body_timeout: float
    ) -> None:
        self.app = app
        self.max_requests, self.max_body, self.body_timeout = max_requests, max_body, body_timeout
        self.at_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it is one too many, or too large."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif self.at_work >= self.max_requests:
            await _refuse(503, "The server is overloaded.", RETRY_AFTER)(scope, receive, send)
        elif _length(Request(scope)) > self.max_body:
            await _refuse(413, "The request is too large.", CLOSE)(scope, receive, send)
        else:
            self.at_work += 1
            try:
                await self.app(scope, self._limited(receive), send)
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


def _length(request: Request) -> int:
    """Return the bytes that a client has announced; 0 if it has not."""
    announced = request.headers.get("content-length", "")
    return int(announced) if announced.isdecimal() else 0


def _refuse(status: int, sentence: str, headers: Mapping[str, str]) -> PlainTextResponse:
    return PlainTextResponse(f"{sentence}\n", status_code=status, headers=dict(headers))
