"""Sessions: a signed cookie names the user; the server keeps nothing."""

from hashlib import sha256

from fastapi import Request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import Response

from pandadb.web.accounts import csrf
from pandadb.web.accounts.password_file import Account
from pandadb.web.options import WebOptions

COOKIE = "pandadb_session"
MAX_AGE = 12 * 3600
"""Seconds until a user has to log in again."""


def _serializer(options: WebOptions) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(options.secret, salt="session")


def _stamp(account: Account) -> str:
    """Return a text that changes with the password, so that old sessions end."""
    return sha256(account.hash.encode()).hexdigest()[:16]


def begin(response: Response, options: WebOptions, account: Account) -> None:
    """Set the cookie of a session; tokens of forms that were drawn before are void."""
    value = _serializer(options).dumps([account.name, _stamp(account)])
    response.set_cookie(
        COOKIE, str(value), max_age=MAX_AGE, httponly=True, samesite="lax",
        secure=options.is_secure, path="/",
    )  # fmt: skip
    response.delete_cookie(csrf.COOKIE, path="/")


def end(response: Response) -> None:
    """Remove the cookies of a session."""
    response.delete_cookie(COOKIE, path="/")
    response.delete_cookie(csrf.COOKIE, path="/")


def name_in(request: Request, options: WebOptions) -> tuple[str, str] | None:
    """Return the name and stamp of the session of a request; None if it is void or too old."""
    try:
        name, stamp = _serializer(options).loads(request.cookies.get(COOKIE, ""), max_age=MAX_AGE)
    except (BadSignature, ValueError, TypeError):
        return None
    return name, stamp


def is_of(stamp: str, account: Account) -> bool:
    """Return whether a session began with the present password of an account."""
    return stamp == _stamp(account)
