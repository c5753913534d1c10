"""Confirmation before many jobs are changed, and the reasons of refusals afterwards."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from pandadb.cli.output import count_words, fail, mode, note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandadb.services.jobs import MoveResult, Refusal

CONFIRM_ABOVE = 10
"""Maximum number of jobs changed without confirmation."""
REFUSALS_SHOWN = 20
"""Maximum number of refusals printed of jobs that a filter has chosen."""


def ask(verb: str, pandaids: Sequence[int], yes: bool) -> None:
    """Ask for confirmation above the limit; without a terminal, fail unless `yes`."""
    number = len({*pandaids})
    if yes or number <= CONFIRM_ABOVE:
        return
    if not _can_be_asked():
        fail(
            f"These are {number} jobs: pass --yes to {verb.lower()} more than {CONFIRM_ABOVE} "
            "without confirmation"
        )
    typer.confirm(f"{verb} {number} jobs?", abort=True, err=True)


def confirm(question: str, yes: bool) -> None:
    """Ask a question, unless --yes answers it, and abort if the answer is no."""
    if yes:
        return
    if not _can_be_asked():
        fail("There is no terminal for a confirmation: pass --yes")
    typer.confirm(question, abort=True, err=True)


def _can_be_asked() -> bool:
    return sys.stdin.isatty() and not mode.quiet


def steps(moved: MoveResult) -> str:
    """Return the number of moved jobs per source and target state, as text."""
    return count_words(f"from {moved.before[job]} to {after}" for job, after in moved.jobs.items())


def with_merged(moved: MoveResult) -> str:
    """Return the number of jobs that have ended with them, and of those that go on, as text."""
    merged = f", and {len(moved.merged)} that waited for them" if moved.merged else ""
    follow = f"; {len(moved.follow)} new jobs go on with their events" if moved.follow else ""
    return merged + follow


def plain(moved: MoveResult) -> dict[str, Any]:
    """Return a result for JSON; the jobs that go on are in it if there are any."""
    found = asdict(moved)
    return found if found["follow"] else {k: v for k, v in found.items() if k != "follow"}


def end(refused: Iterable[Refusal], most: int | None = None) -> None:
    """Print the reason of each refusal, or of `most`; exit with code 1 if there are any."""
    sentences = [refusal.sentence for refusal in refused]
    for sentence in sentences[:most]:
        note(sentence)
    if left := len(sentences[:0] if most is None else sentences[most:]):
        note(f"{left:,} more were refused: --json has all of them")
    raise typer.Exit(bool(sentences))
