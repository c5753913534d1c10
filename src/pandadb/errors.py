"""The classes of pandadb's errors, the outcomes of a run, and the SQLSTATE of a server's error."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError


class PandaDBError(Exception):
    """Base of all errors raised by pandadb; the text has cause and remedy."""


class InvalidInput(PandaDBError):
    """Base of errors of invalid input: a value, a file, a setting. Nothing was changed.

    The command line exits with code 2, as for an unknown option.
    """


class JobsLocked(PandaDBError):
    """Other transactions have locked jobs for longer than the lock timeout."""


class Outcome(StrEnum):
    """The outcome of a run."""

    DONE = "done"
    NOTHING = "nothing to do"
    WRONG = "wrong"
    """An operator has to act."""
    CONTENDED = "locks not free"
    """Or another run was at work."""
    PAUSED = "paused"
    DEFERRED = "deferred"
    """Nothing was done: all due work is deferred."""
    WAITED = "out of time"
    """Nothing was done: it waited for replicas or other sessions, or had no time."""


def sqlstate(error: DBAPIError) -> str | None:
    """Return the SQLSTATE of an error of the server; None for one of the connection."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state
