"""The jobs of a command that changes some: named ones, or all that match a filter."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from pandadb.cli.confirm import ask, confirm
from pandadb.cli.jobs.filters import named
from pandadb.cli.output import progress
from pandadb.services import jobs, selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pandadb.database import Database


def by_filter(names: Sequence[int | str] | None, chosen: jobs.Filter) -> jobs.Filter | None:
    """Return the filter of a command; None if its jobs are named only.

    With names and filter options, jobs have to match both.
    """
    if not chosen.is_unconditional:
        return named(chosen, names)
    if not names:
        raise typer.BadParameter(
            "Name jobs by their PandaIDs, or by at least one option such as --jeditaskid",
            param_hint="PANDAID",
        )
    return None


def confirm_chosen(
    database: Database,
    verb: str,
    chosen: jobs.Filter | Sequence[int],
    yes: bool,
    *,
    limit: int | None = None,
    always: bool = False,
) -> None:
    """Count jobs and ask for confirmation: for many that are named, or for any of a filter.

    With `always` any number needs it. As the confirmation names a number, it comes after the limit.

    Raises:
        TooMany: There are more jobs than the limit.
    """
    if isinstance(chosen, jobs.Filter):
        number, always = selection.count_jobs(database, chosen), True
    else:
        number = len(chosen)
    if limit and number > limit:
        raise selection.TooMany(verb, number, limit)
    if always and number:
        confirm(f"{verb} {number:,} jobs?", yes)
    elif not isinstance(chosen, jobs.Filter):
        ask(verb, chosen, yes)


@contextmanager
def batches(
    database: Database, verb: str, chosen: jobs.Filter, yes: bool
) -> Iterator[Callable[[int], None]]:
    """Count the jobs, ask for confirmation, and draw a progress bar; yield the function it needs.

    Unlike for PandaIDs, few jobs need the confirmation, too: the operator has not seen which.
    """
    number = jobs.count_where(database, chosen)
    if number:
        confirm(f"{verb.capitalize()} {number:,} jobs?", yes)
    with progress("jobs") as bar:
        task = bar.add_task(verb, total=number)
        yield lambda done: bar.advance(task, done)
