"""Variants of requests: HEAD is GET without the body; a slash at the end leads to the page."""

from urllib.parse import quote

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

READING = ("GET", "HEAD")
FILES = "/static/"
"""Paths of files, whose folders are not there."""


class RequestVariants:
    """Answers HEAD as GET, and leads addresses with a slash at their end to the ones without."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on in its plain form, or redirect to that."""
        if scope["type"] != "http" or scope["method"] not in READING:
            await self.app(scope, receive, send)
        elif _has_slash(scope["path"]):
            await RedirectResponse(_without_slash(scope), 307)(scope, receive, send)
        elif scope["method"] == "HEAD":
            await self.app({**scope, "method": "GET"}, receive, _without_body(send))
        else:
            await self.app(scope, receive, send)


def _has_slash(path: str) -> bool:
    return path.endswith("/") and path != "/" and not path.startswith(FILES)


def _without_slash(scope: Scope) -> str:
    """Return a path of this server: one that begins with two slashes would be another server."""
    query = scope["query_string"].decode("latin-1")
    path = "/" + quote(scope["path"].strip("/"))
    return f"{path}?{query}" if query else path


def _without_body(send: Send) -> Send:
    async def head_only(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return head_only
