"""`pandadb tasks generate`: jobs made of the input of tasks."""

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.options import AsJSON, DryRun, Quiet, task_id, whole
from pandadb.cli.output import NOTHING_TO_DO, as_json, note, out, progress
from pandadb.cli.target import changing
from pandadb.services import tasks


def generate(
    jeditaskids: Annotated[
        list[int], typer.Argument(parser=task_id, metavar="TASK…", help="The tasks.")
    ],
    *,
    queue: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QUEUE[=WEIGHT]",
            help="A PanDA queue for the jobs; can be repeated. Default: all that are online.",
        ),
    ] = None,
    nfiles: Annotated[
        int,
        typer.Option(
            parser=whole(1, 1_000_000),
            metavar="NUMBER",
            help="Files of a dataset per round, at most.",
        ),
    ] = 1000,
    rounds: Annotated[
        int,
        typer.Option(
            parser=whole(1, 1_000_000),
            metavar="NUMBER",
            help="Rounds at most, a transaction each.",
        ),
    ] = 1000,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Generate the jobs of tasks that are ready, scouting or running, from their input files.

    The input is split by the rules of the task. Idempotent; several can run side by side. Exit
    code 1 if a task is on hold or refused, with the reason, 3 if there was nothing to generate.

    Example: pandadb tasks generate 1000002 --queue CERN
    """
    made: list[tasks.GeneratedTask] = []
    with changing(dry_run=dry_run) as database, progress("jobs") as bar:
        shown = bar.add_task("generating", total=None)
        options = tasks.VerbOptions(dry_run=dry_run)
        queues = tasks.find_queues(database, queue or None)
        for one in tasks.generate_rounds(
            database, jeditaskids, queues, nfiles=nfiles, rounds=1 if dry_run else rounds,
            options=options,
        ):  # fmt: skip
            made.append(one)
            bar.update(shown, advance=len(one.jobs))
    if json:
        as_json([asdict(one) for one in made])
    else:
        would = "would be " if dry_run else ""
        for task in jeditaskids:
            number = sum(len(one.jobs) for one in made if one.jeditaskid == task)
            state = next((one.status for one in reversed(made) if one.jeditaskid == task), None)
            out.print(f"Task {task}: {number:,} jobs {would}generated; it is {state}.")
    if any(one.status == "defined" for one in made):
        note("Tasks that are defined have no files yet: pandadb tasks feed TASK --catalogue FILE")
    stopped = {one.jeditaskid: one for one in made if one.is_refused or one.status == "pending"}
    for task, one in stopped.items():
        words = "is left as it is" if one.is_refused else "is on hold"
        note(f"Task {task} {words}: {one.text}", task=task, reason=one.text)
    if stopped:
        raise typer.Exit(1)
    if not any(one.jobs for one in made):
        raise typer.Exit(NOTHING_TO_DO)
