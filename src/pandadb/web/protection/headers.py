"""Headers of every answer: limits of loading, frames and caches in a browser."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FOR_A_YEAR = "max-age=31536000"
STATIC = "/static/"
NOT_KEPT = "no-store"


def headers_of(*, is_secure: bool) -> dict[str, str]:
    """Return the headers of every answer; behind HTTPS, browsers stay with that."""
    return HEADERS | ({"Strict-Transport-Security": FOR_A_YEAR} if is_secure else {})


class SecurityHeaders:
    """Adds the headers; only files that never change may be kept by a browser."""

    def __init__(self, app: ASGIApp, *, is_secure: bool) -> None:
        self.app = app
        self.headers = headers_of(is_secure=is_secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and add the headers to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_static = scope["path"].startswith(STATIC)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                headers["Cache-Control"] = "max-age=3600" if is_static else NOT_KEPT
            await send(message)

        await self.app(scope, receive, with_headers)
