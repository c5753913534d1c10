"""The user of a request: none, by a session or token of the password file, by a proxy's headers."""

import logging
from collections.abc import Callable
from pathlib import Path

from fastapi import Request

from pandadb.config import Settings
from pandadb.web.accounts import api_tokens, bearer, password_file, sessions
from pandadb.web.accounts.account_files import InvalidPasswordFile
from pandadb.web.accounts.users import Role, User

LOG = logging.getLogger(__name__)
Identify = Callable[[Request], User]
"""Returns the user of a request."""
NOBODY = User(None, Role.ANYONE)
FILE = "web_passwords"


def without_accounts(_: Request) -> User:
    """Return the user of pages without accounts, with the role of a reader."""
    return User(None, Role.READER)


class BySession:
    """Users of a password file: they log in by a form, their scripts have tokens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ended = sessions.EndedSessions(path)

    def __call__(self, request: Request) -> User:
        """Return the user of a token, or of a session; one without an account if it is void.

        A request with a token is never one of its cookie's user, also if the token is void.
        """
        try:
            if (given := bearer.token_in(request)) is not None:
                return self._of_token(given)
            return self._of_session(request)
        except InvalidPasswordFile:
            LOG.exception("no user is known")
            return NOBODY

    def _of_token(self, given: str) -> User:
        token = api_tokens.verified(self.path, given)
        account = password_file.accounts(self.path).get(token.name) if token else None
        if account is None:
            return NOBODY
        return User(account.name, account.role, by_token=True)

    def _of_session(self, request: Request) -> User:
        found = sessions.session_in(request, request.app.state.web.options)
        if found is None or found in self.ended:
            return NOBODY
        account = password_file.accounts(self.path).get(found.name)
        if account is None or not found.is_of(account):
            return NOBODY
        return User(account.name, account.role)

    def end(self, request: Request) -> None:
        """End the session of a request, also for copies of its cookie."""
        if found := sessions.session_in(request, request.app.state.web.options):
            self.ended.add(found)


class ByHeader:
    """Users that a reverse proxy has authenticated."""

    def __init__(self, user_header: str, role_header: str) -> None:
        self.user_header, self.role_header = user_header, role_header

    def __call__(self, request: Request) -> User:
        """Return the user of the headers; one without an account if no proxy has sent them.

        A header that is there twice counts for none: one of them may be the client's.
        """
        client = request.client.host if request.client else ""
        name = _only(request, self.user_header)
        if client not in request.app.state.web.options.proxies or not name:
            return NOBODY
        given = _only(request, self.role_header).lower()
        return User(name, Role.OPERATOR if given == "operator" else Role.READER)


def _only(request: Request, header: str) -> str:
    """Return the value of a header; empty without it, or if it is there more than once."""
    given = request.headers.getlist(header)
    return given[0].strip() if len(given) == 1 else ""


def password_path(settings: Settings) -> Path:
    """Return the path of the password file."""
    return settings.web_passwords or settings.state_dir() / FILE


def identify_by(settings: Settings) -> Identify:
    """Return how users of requests are found.

    Raises:
        InvalidPasswordFile: The file is malformed, or others may read it.
    """
    if settings.web_accounts == "file":
        password_file.accounts(password_path(settings))
        return BySession(password_path(settings))
    if settings.web_accounts == "header":
        return ByHeader(settings.web_user_header, settings.web_role_header)
    return without_accounts
