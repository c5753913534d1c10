"""Sessions: a signed cookie names the user; the server keeps only those that were ended early."""

import secrets
import time
from hashlib import sha256
from typing import NamedTuple

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
    ident = secrets.token_urlsafe(16)
    value = _serializer(options).dumps([account.name, _stamp(account), ident])
    response.set_cookie(
        COOKIE, str(value), max_age=MAX_AGE, httponly=True, samesite="lax",
        secure=options.is_secure, path="/",
    )  # fmt: skip
    response.delete_cookie(csrf.COOKIE, path="/")


def end(response: Response) -> None:
    """Remove the cookies of a session."""
    response.delete_cookie(COOKIE, path="/")
    response.delete_cookie(csrf.COOKIE, path="/")


class Session(NamedTuple):
    """The content of the cookie of a session."""

    name: str
    """The name of the user."""
    stamp: str
    ident: str

    def is_of(self, account: Account) -> bool:
        """Return whether the session began with the present password of an account."""
        return self.stamp == _stamp(account)


def session_in(request: Request, options: WebOptions) -> Session | None:
    """Return the session of a request; None if it is void or too old."""
    try:
        found = _serializer(options).loads(request.cookies.get(COOKIE, ""), max_age=MAX_AGE)
        return Session(*found)
    except (BadSignature, ValueError, TypeError):
        return None


class EndedSessions:
    """Sessions that users of this process have ended before their time: copies are void, too."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def __contains__(self, session: Session) -> bool:
        """Return whether a session was ended."""
        return session.ident in self._until

    def add(self, session: Session) -> None:
        """End a session; those that are too old by now are forgotten."""
        now = time.monotonic()
        self._until = {ident: end for ident, end in self._until.items() if end > now}
        self._until[session.ident] = now + MAX_AGE
