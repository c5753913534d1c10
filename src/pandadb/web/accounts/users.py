"""Users of the pages and their roles."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request


class Role(IntEnum):
    """Roles, each with the rights of the ones before it."""

    ANYONE = 0
    """A person without an account: forms of applications, and own jobs by a signed cookie."""
    READER = 1
    """Reads all pages."""
    OPERATOR = 2
    """Verbs on jobs, tasks, workers and the archive."""


@dataclass(frozen=True)
class User:
    """A user of the pages."""

    name: str | None
    """None for a person without an account."""
    role: Role
    by_token: bool = False
    """Whether a script has proved it by a token; a browser never sends one by itself."""


def identified(request: Request) -> User:
    """Return the user of a request; it is identified once, since that may read a file."""
    user: User | None = getattr(request.state, "user", None)
    if user is None:
        user = request.state.user = request.app.state.web.identify(request)
    return user
