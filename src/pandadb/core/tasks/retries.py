"""Retry and incremental execution of tasks: their files are given new attempts (semantics 3.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.sql.transaction import Transaction

COMMANDS = ("retry", "incexec")


@dataclass
class RetryResult:
    """The result of a retry of tasks."""

    tasks: dict[int, str] = field(default_factory=dict)
    """The state that each task is in now; a task that does not exist is only in `refused`."""
    retried: list[int] = field(default_factory=list)
    """Tasks that were accepted, each followed by those of its children that are executed again."""
    refused: dict[int, str] = field(default_factory=dict)
    """Tasks that are back in their earlier state, or exhausted: with the reason as a sentence."""


def retry(
    session: Transaction,
    tasks: Sequence[int],
    command: str = "retry",
    *,
    host: str,
    discard_events: bool = False,
    release_unstaged: bool = False,
    keep_share_priority: bool = False,
    ignore_limits: bool = False,
    child_tasks: bool = True,
) -> RetryResult:
    """Give the files of tasks new attempts; the tasks have the state `toretry` or `toincexec`.

    Each task goes on from `oldstatus`: it is `ready` or `rerefine` then, or it goes back.
    """
    raise NotImplementedError
