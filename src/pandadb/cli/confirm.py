"""Before many jobs are changed, a question; afterwards, why some were not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from pandadb.cli.output import counted, fail, mode, note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.services.jobs import MoveResult, Refusal

CONFIRM_ABOVE = 10
"""So many jobs are changed without a question."""


def ask(verb: str, pandaids: Sequence[int], yes: bool) -> None:
    """Ask whether so many jobs are meant; without a terminal nobody can say yes."""
    number = len({*pandaids})
    if yes or number <= CONFIRM_ABOVE:
        return
    if not _can_be_asked():
        fail(
            f"These are {number} jobs: say --yes to {verb.lower()} more than {CONFIRM_ABOVE} "
            "without a question"
        )
    typer.confirm(f"{verb} {number} jobs?", abort=True, err=True)


def confirm(question: str, yes: bool) -> None:
    """Ask a question, unless it is answered by --yes, and end if the answer is no."""
    if yes:
        return
    if not _can_be_asked():
        fail("Nobody can be asked here: say --yes")
    typer.confirm(question, abort=True, err=True)


def _can_be_asked() -> bool:
    return sys.stdin.isatty() and not mode.quiet


def steps(moved: MoveResult) -> str:
    """Say from which states to which how many jobs have gone."""
    return counted(f"from {moved.before[job]} to {after}" for job, after in moved.jobs.items())


def with_merged(moved: MoveResult) -> str:
    """Say which jobs have ended with those that were to merge their outputs."""
    return f", and {len(moved.merged)} that waited for them" if moved.merged else ""


def end(refused: Iterable[Refusal]) -> None:
    """Say of each job that was refused why; end with exit code 1 if there are any."""
    sentences = [refusal.sentence for refusal in refused]
    for sentence in sentences:
        note(sentence)
    raise typer.Exit(bool(sentences))
