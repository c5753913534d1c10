"""The jobs of a command that changes some: PandaIDs, or all live jobs that match a filter."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from pandadb.cli.confirm import confirm
from pandadb.cli.jobs.filters import named
from pandadb.cli.output import progress
from pandadb.services import jobs

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
