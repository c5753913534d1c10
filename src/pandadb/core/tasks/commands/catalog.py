"""The commands to tasks as data: states that allow them, states after them, rights, effects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pandadb.core.sql.validation import near, shown
from pandadb.core.tasks.states import (
    ACCEPTED_IN,
    NOT_PAUSABLE,
    REASSIGNABLE,
    RELEASABLE,
    RETRYABLE,
    STATES,
)
from pandadb.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnknownCommand(InvalidInput):
    """No command has that name."""


class Right(StrEnum):
    """The right that a command needs."""

    OWNER = "owner or production role"
    PRODUCTION = "production role"


@dataclass(frozen=True)
class Command:
    """A command: its states, its right and its effects (semantics 3.3)."""

    name: str
    meaning: str
    right: Right
    requested_in: tuple[str, ...]
    """States of tasks that the command can be given to; see also `accepted_in`."""
    doing: str | None = None
    """The state while it is carried out; None for a command that ends with its acceptance."""
    next: str | None = None
    """The state after that; None for the state that the task comes back to."""
    effects: str = ""
    kill_code: int | None = None
    """The kill code for the jobs of the task."""
    held_jobs: tuple[str, str] | None = None
    """The states of jobs in JOBSACTIVE4 before and after its acceptance."""
    for_production: tuple[str, ...] = ()
    """States of tasks that need the production role for it, too."""

    @property
    def accepted_in(self) -> tuple[str, ...]:
        """The states of tasks that accept the command, once it is given."""
        return ACCEPTED_IN[self.name]

    @property
    def accepted(self) -> str:
        """The word of PRODSYS_COMM for a command that was accepted."""
        return f"{self.name}ing"

    @property
    def refused(self) -> str:
        """The word of PRODSYS_COMM for a command that was refused."""
        return f"{self.name} failed"


def _except(*names: str) -> tuple[str, ...]:
    return tuple(name for name in STATES if name not in names)


ENDED = ("finished", "done", "prepared", "broken", "aborted", "toabort", "aborting", "failed")
"""States of tasks that cannot be killed or finished any more."""
COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command(
            "kill", "End a task and all its jobs.", Right.OWNER, _except(*ENDED),
            "aborting", "toabort", "its jobs are killed; its children are aborted with it",
            kill_code=50,
        ),
        Command(
            "finish", "End a task with the input that it has processed.", Right.OWNER,
            _except(*ENDED), "finishing", "passed",
            "its jobs are killed, or the queued ones (`soft`); files that are left count as failed",
            kill_code=52,
        ),
        Command(
            "retry", "Give the files that failed new attempts.", Right.OWNER,
            ("finished", "failed", "exhausted"), "toretry", "ready",
            "files have more attempts; an exhausted task goes on at once",
            for_production=("exhausted",),
        ),
        Command(
            "incexec", "Go on with more input, or other parameters.", Right.OWNER,
            ("done", *RETRYABLE), "toincexec", "rerefine",
            "the parameters change, files have more attempts, the input is read again",
        ),
        Command(
            "reassign", "Send a task to another site, cloud or nucleus.", Right.OWNER,
            REASSIGNABLE[1:], "toreassign", "reassigning",
            "its jobs are closed, or the queued ones (`soft reassign`), or none"
            " (`nokill reassign`)",
            kill_code=51,
        ),
        Command(
            "pause", "Hold a task back.", Right.PRODUCTION, _except(*NOT_PAUSABLE), "paused",
            effects="its activated jobs are throttled", held_jobs=("activated", "throttled"),
        ),
        Command(
            "resume", "Let a task go on.", Right.PRODUCTION, ("paused", "throttled", "staging"),
            effects="its throttled jobs are activated", held_jobs=("throttled", "activated"),
        ),
        Command(
            "avalanche", "Do not wait for scouts.", Right.PRODUCTION, ("scouting",),
            next="scouting", effects="all its jobs may be made",
        ),
        Command(
            "release", "Do not wait for files from tape.", Right.PRODUCTION, RELEASABLE,
            effects="files that are being staged are pending",
        ),
    )
}  # fmt: skip


def known(name: str) -> Command:
    """Return a command by its name.

    Raises:
        UnknownCommand: There is no such command; the sentence lists the commands.
    """
    if name not in COMMANDS:
        words = f"There is no command {shown(name)}{near(name, COMMANDS)}"
        raise UnknownCommand(f"{words} (commands: {', '.join(COMMANDS)})")
    return COMMANDS[name]
