"""Sessions: a signed cookie names the user; the server keeps only those that were ended early."""

import logging
import secrets
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from fastapi import Request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import Response

from pandadb.web.accounts import csrf
from pandadb.web.accounts.password_file import Account
from pandadb.web.options import WebOptions

LOG = logging.getLogger(__name__)
COOKIE = "pandadb_session"
SUFFIX = ".ended"
MAX_AGE = 12 * 3600
"""Seconds until a user has to log in again."""


def _serializer(options: WebOptions) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(options.secret, salt="session")


def _stamp(account: Account) -> str:
    """Return a text that changes with the password and the role, so that old sessions end."""
    return sha256(f"{account.role.name} {account.hash}".encode()).hexdigest()[:16]


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
        """Return whether the session began with the present password and role of an account."""
        return self.stamp == _stamp(account)


def session_in(request: Request, options: WebOptions) -> Session | None:
    """Return the session of a request; None if it is void or too old."""
    try:
        found = _serializer(options).loads(request.cookies.get(COOKIE, ""), max_age=MAX_AGE)
        return Session(*found)
    except (BadSignature, ValueError, TypeError):
        return None


class EndedSessions:
    """Sessions that users have ended before their time: copies of their cookies are void, too.

    Each is an empty file in a folder beside the password file, so all servers with these accounts
    know it at once, whatever role they have in the database, and also when they start anew.
    """

    def __init__(self, passwords: Path) -> None:
        self._folder = passwords.with_name(passwords.name + SUFFIX)
        self._here: set[str] = set()
        """Those that could not be written."""

    def __contains__(self, session: Session) -> bool:
        """Return whether a session was ended."""
        return session.ident in self._here or self._file(session).exists()

    def add(self, session: Session) -> None:
        """End a session; those that are too old by now are forgotten."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file(session).touch(mode=0o600)
            _forget(self._folder)
        except OSError:
            LOG.exception("a log-out is known to this process only")
            self._here.add(session.ident)

    def _file(self, session: Session) -> Path:
        return self._folder / sha256(session.ident.encode()).hexdigest()


def _forget(folder: Path) -> None:
    """Remove the files of sessions whose cookies are too old."""
    now = time.time()
    for one in folder.iterdir():
        with suppress(FileNotFoundError):  # another server forgets it, too
            if now - one.stat().st_mtime > MAX_AGE:
                one.unlink()
