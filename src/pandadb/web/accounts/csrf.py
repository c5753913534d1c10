"""Tokens of forms: a change is made only by a form of these pages in the same browser."""

import hmac
import secrets
from hashlib import sha256

from fastapi import HTTPException, Request
from starlette.responses import Response

from pandadb.web.accounts.users import identified

COOKIE = "pandadb_form"
FIELD = "form_token"
HEADER = "X-Form-Token"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def token_of(request: Request) -> str:
    """Return the token of forms for the browser of a request, which gets a cookie if needed.

    The cookie has a random seed; the token is its signature with the user, so another site knows
    neither, and a token ends with the session.
    """
    seed = request.cookies.get(COOKIE) or getattr(request.state, "form_seed", None)
    if seed is None:
        seed = request.state.form_seed = secrets.token_urlsafe(32)
    return _signature(request, seed)


def keep_seed(request: Request, response: Response) -> None:
    """Set the cookie of a seed that was made for this request; scripts get none."""
    seed = getattr(request.state, "form_seed", None)
    if seed and not identified(request).by_token:
        options = request.app.state.web.options
        response.set_cookie(
            COOKIE, seed, httponly=True, samesite="lax", secure=options.is_secure, path="/"
        )


async def check_token(request: Request) -> None:
    """Refuse changes without the token of the browser's forms, and too many of them.

    A script with a token of its own needs none, as no browser sends that by itself; a request that
    has a cookie, too, may be a browser's, and needs it.

    Raises:
        HTTPException: 403, the token is missing or that of another browser; 429.
    """
    if request.method in SAFE_METHODS:
        return
    request.app.state.web.rates.count_form(request)
    if identified(request).by_token and "cookie" not in request.headers:
        return
    seed = request.cookies.get(COOKIE, "")
    given = request.headers.get(HEADER) or str((await request.form()).get(FIELD, ""))
    if not seed or not hmac.compare_digest(given.encode(), _signature(request, seed).encode()):
        raise HTTPException(
            403, "The form has expired: go back, reload the page, and send it again."
        )


def _signature(request: Request, seed: str) -> str:
    secret: str = request.app.state.web.options.secret
    words = f"form {identified(request).name or ''} {seed}"
    return hmac.new(secret.encode(), words.encode(), sha256).hexdigest()
