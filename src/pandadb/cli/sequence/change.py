"""`pandadb sequence cancel`: sequences that are to end."""

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.options import LARGEST_ID, AsJSON, DryRun, Quiet, whole
from pandadb.cli.output import NOTHING_TO_DO, as_json, note, out
from pandadb.cli.target import changing
from pandadb.cli.user import user_name
from pandadb.services import workflows

Numbers = Annotated[
    list[int],
    typer.Argument(parser=whole(1, LARGEST_ID), metavar="SEQUENCE...", help="The sequences."),
]


def cancel(
    sequences: Numbers,
    *,
    jobs: Annotated[
        bool, typer.Option("--jobs", help="Cancel the jobs, too, that their steps have submitted.")
    ] = False,
    user: Annotated[
        str | None, typer.Option(help="The user who cancels; default: your login name.")
    ] = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Cancel sequences: a process that runs one ends the step, and then the sequence.

    A cancelled sequence can be resumed. Exit code 1 if a sequence is refused, 3 if there is
    nothing to cancel.

    Example: pandadb sequence cancel 17
    """
    with changing(dry_run=dry_run) as database:
        options = workflows.VerbOptions(dry_run=dry_run)
        done = workflows.cancel(
            database, sequences, options, by=user or user_name("nobody"), jobs=jobs
        )
    if json:
        as_json(asdict(done))
    else:
        would = "Would be " if dry_run else ""
        for number in done.sequences:
            out.print(f"{would}cancelled: sequence {number}.".capitalize())
        for number in done.asked:
            out.print(f"Sequence {number}: its process {'would end' if dry_run else 'ends'} it.")
        if jobs:
            out.print(f"Jobs: {len(done.jobs):,} ended, {len(done.asked_jobs):,} asked to end.")
    for number, why in done.refused.items():
        note(why, sequence=number)
    if done.refused:
        raise typer.Exit(1)
    if not (done.sequences or done.asked):
        raise typer.Exit(NOTHING_TO_DO)
