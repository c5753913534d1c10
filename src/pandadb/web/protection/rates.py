"""Rates of changes and of attempts to log in, for each address."""

from fastapi import HTTPException, Request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from pandadb.web.options import WebOptions

LONGEST = 60
"""Characters of a name or address that are kept: no longer ones are known."""


class Rates:
    """The rates of one server process."""

    def __init__(self, options: WebOptions) -> None:
        self._options = options
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def count_form(self, request: Request) -> None:
        """Count a change that an address asks for.

        Raises:
            HTTPException: 429, these were too many.
        """
        self._count(self._options.form_rate, "form", address_of(request, self._options))

    def count_login(self, request: Request, name: str) -> None:
        """Count an attempt to log in, of the address and of the name.

        Raises:
            HTTPException: 429, these were too many.
        """
        for key in (address_of(request, self._options), f"name {name[:LONGEST]}"):
            self._count(self._options.login_rate, "login", key)

    def count_token(self, request: Request) -> None:
        """Count a token that is none, of the address; valid ones are not counted.

        Raises:
            HTTPException: 429, these were too many.
        """
        self._count(self._options.login_rate, "token", address_of(request, self._options))

    def _count(self, rate: str, kind: str, key: str) -> None:
        limit = parse(rate)
        if not self._limiter.hit(limit, kind, key):
            raise HTTPException(
                429,
                "There were too many requests from this address: wait a minute.",
                headers={"Retry-After": str(limit.get_expiry())},
            )


def address_of(request: Request, options: WebOptions) -> str:
    """Return the address of a client: behind a known proxy the last one that it has forwarded."""
    client = request.client.host if request.client else ""
    if client not in options.proxies:
        return client
    forwarded = ",".join(request.headers.getlist("X-Forwarded-For"))
    return forwarded.rpartition(",")[2].strip()[:LONGEST] or client
