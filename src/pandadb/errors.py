"""The classes of pandadb's errors, and the outcomes that a run of a command can have."""

from enum import StrEnum


class PandaDBError(Exception):
    """Base of every error that pandadb raises on purpose; its text has cause and remedy."""


class InvalidInput(PandaDBError):
    """Base of errors of invalid input: a value, a file, a setting. Nothing was changed.

    The command line ends with exit code 2 then, as for an unknown option.
    """


class Outcome(StrEnum):
    """How a run has ended."""

    DONE = "done"
    NOTHING = "nothing to do"
    WRONG = "wrong"
    """Something needs a person."""
    CONTENDED = "locks not free"
    """Or another run was at work."""
    PAUSED = "paused"
    DEFERRED = "deferred"
    """Nothing was done, as all that was due is deferred."""
    WAITED = "out of time"
    """Nothing was done, as it waited for replicas, for other sessions, or had no time."""
