"""Pages to log in and out, with accounts of a password file."""

import logging
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from pandadb.web.accounts import password_file, sessions
from pandadb.web.accounts.account_files import InvalidPasswordFile
from pandadb.web.accounts.identities import BySession
from pandadb.web.accounts.roles import pages_for
from pandadb.web.accounts.users import Role
from pandadb.web.rendering import render
from pandadb.web.request_state import Options

LOG = logging.getLogger(__name__)

anyone = pages_for(Role.ANYONE)


def _accounts(request: Request) -> BySession:
    identify = request.app.state.web.identify
    if not isinstance(identify, BySession):
        raise HTTPException(404, "This server has no accounts of its own.")
    return identify


@anyone.get("/login")
def show_login(request: Request, next: str = "/") -> Response:  # noqa: A002
    """Return the form to log in."""
    _accounts(request)
    return render(request, "login.html", next=local_path(next), sentence=None)


@anyone.post("/login")
def log_in(
    request: Request,
    options: Options,
    name: Annotated[str, Form()],
    password: Annotated[str, Form()],
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Begin a session, and go on to the page that was asked for."""
    path = _accounts(request).path
    request.app.state.web.rates.count_login(request, name)
    try:
        account = password_file.verified(path, name, password)
    except InvalidPasswordFile:
        LOG.exception("no user can log in")
        raise HTTPException(503, "The accounts cannot be read: the log has the reason.") from None
    if account is None:
        LOG.warning("log-in refused: %r", name[:60])
        sentence = "The name or the password is wrong."
        return render(request, "login.html", status=401, next=local_path(next), sentence=sentence)
    answer = RedirectResponse(local_path(next), 303)
    sessions.begin(answer, options, account)
    LOG.info("log-in: %s", name)
    return answer


@anyone.post("/logout")
def log_out(request: Request) -> Response:
    """End the session of the browser."""
    identify = request.app.state.web.identify
    if isinstance(identify, BySession):
        identify.end(request)
    answer = RedirectResponse("/login", 303)
    sessions.end(answer)
    return answer


def local_path(address: str) -> str:
    """Return an address if it is a path of this server, else that of the start page."""
    try:
        parts = urlsplit(address)
    except ValueError:  # brackets that are no address of IPv6
        return "/"
    odd = any(ord(letter) <= 32 or letter == "\\" for letter in address)
    local = not parts.scheme and not parts.netloc and address.startswith("/")
    return address if local and not address.startswith("//") and not odd else "/"
