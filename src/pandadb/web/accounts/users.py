"""Users of the pages and their roles."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


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
