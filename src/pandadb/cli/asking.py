"""Before many jobs are changed, a question; afterwards, why some were not."""

import sys
from collections.abc import Iterable, Sequence

import typer
from rich.markup import escape

from pandadb.cli.output import err, fail
from pandadb.services.jobs import Moved, Refusal

ASKS_ABOVE = 10
"""So many jobs are changed without a question."""


def ask(verb: str, pandaids: Sequence[int], yes: bool) -> None:
    """Ask whether so many jobs are meant; without a terminal nobody can say yes."""
    number = len({*pandaids})
    if yes or number <= ASKS_ABOVE:
        return
    if not _is_terminal():
        fail(
            f"These are {number} jobs: say --yes to {verb.lower()} more than {ASKS_ABOVE} without "
            "a question"
        )
    typer.confirm(f"{verb} {number} jobs?", abort=True, err=True)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def with_merged(moved: Moved) -> str:
    """Say which jobs have ended with those that were to merge their outputs."""
    return f", and {len(moved.merged)} that waited for them" if moved.merged else ""


def end(refused: Iterable[Refusal]) -> None:
    """Say of each job that was refused why; end with exit code 1 if there are any."""
    sentences = [refusal.sentence for refusal in refused]
    for sentence in sentences:
        err.print(escape(sentence), soft_wrap=True)
    raise typer.Exit(bool(sentences))
