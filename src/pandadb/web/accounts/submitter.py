"""The submitter of forms: a signed cookie that remembers a browser and its mail address."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, URLSafeSerializer

from pandadb.web.accounts.roles import user_of

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.responses import Response

COOKIE = "pandadb_submitter"
SALT = "submitter"
ACCOUNT = "user "
"""Begin of the keys of accounts; random ones have no space."""
YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Submitter:
    """A browser, or a user with an account, whose jobs are listed together."""

    key: str
    """The name of an account, or a random text that only this browser's cookie has."""
    address: str = ""
    """The mail address of the last form; empty if there was none."""


def submitter_of(request: Request) -> Submitter | None:
    """Return the submitter of a request; None for a browser without a cookie of ours.

    An address that somebody types proves nothing, so jobs are listed by browser or account, never
    by address. A cookie with another signature counts for none.
    """
    known = _of_cookie(request)
    if name := user_of(request).name:
        return Submitter(f"{ACCOUNT}{name}", known.address if known else "")
    return known


def renewed(request: Request, address: str) -> Submitter:
    """Return the submitter of a request with another address; a new one gets a random key."""
    known = submitter_of(request) or Submitter(secrets.token_urlsafe(18))
    return replace(known, address=address)


def remember(request: Request, response: Response, submitter: Submitter) -> None:
    """Set the cookie of a submitter; with the key of the browser, as accounts end at the log-out.

    So the next person at this browser has neither the jobs of the account nor its name. A script
    with a token gets no cookie: with one its next form would be taken for a browser's.
    """
    if user_of(request).by_token:
        return
    key = submitter.key
    if key.startswith(ACCOUNT):
        known = _of_cookie(request)
        key = known.key if known else secrets.token_urlsafe(18)
    signed = _serializer(request).dumps([key, submitter.address])
    secure = request.app.state.web.options.is_secure
    response.set_cookie(
        COOKIE, signed, max_age=YEAR, httponly=True, samesite="lax", secure=secure, path="/"
    )


def forget(response: Response) -> None:
    """Remove the cookie from the browser."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


def _of_cookie(request: Request) -> Submitter | None:
    try:
        key, address = _serializer(request).loads(request.cookies.get(COOKIE, ""))
    except (BadSignature, TypeError, ValueError):
        return None
    return Submitter(str(key), str(address))


def _serializer(request: Request) -> URLSafeSerializer:
    return URLSafeSerializer(request.app.state.web.options.secret, SALT)
