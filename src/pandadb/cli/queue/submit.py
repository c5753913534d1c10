"""`pandadb queue submit`: jobs from JSON, or one from the command line."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pandadb.cli.options import AsJSON, DryRun, Quiet, decimal, job_id, whole
from pandadb.cli.output import as_json, out
from pandadb.cli.target import changing
from pandadb.cli.text_input import text_of
from pandadb.services import queue as queues

YEAR = 366 * 24 * 3600


def _option(least: int, most: int, text: str) -> Any:
    return typer.Option(parser=whole(least, most), metavar="NUMBER", help=text)


def submit(
    file: Annotated[
        Path | None,
        typer.Argument(help="Jobs, JSON: an array of objects; - for stdin."),
    ] = None,
    *,
    queue: Annotated[
        str | None, typer.Option(help="The queue; in a file, of jobs that name none.")
    ] = None,
    argv: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="A word of the program to run; repeated for each word."),
    ] = None,
    handler: Annotated[
        str | None, typer.Option(help="The function of the workers to call, instead of a program.")
    ] = None,
    arguments: Annotated[
        str | None, typer.Option(metavar="JSON", help="Its keyword arguments.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="A name of the job.")] = None,
    priority: Annotated[int, _option(-(2**31), 2**31 - 1, "The highest one comes first.")] = 0,
    parent: Annotated[
        list[int] | None,
        typer.Option(parser=job_id, metavar="PANDAID", help="A job to wait for; can be repeated."),
    ] = None,
    on_failure: Annotated[
        str, typer.Option(help="If a parent does not finish: block, ignore or cancel.")
    ] = "block",
    group: Annotated[
        str | None, typer.Option(help="A group, which limits how many of its jobs run at once.")
    ] = None,
    delay: Annotated[
        float,
        typer.Option(parser=decimal(0, YEAR), metavar="SECONDS", help="Not before so many."),
    ] = 0.0,
    dedupe_key: Annotated[
        str | None, typer.Option(help="No two live jobs of a queue have the same.")
    ] = None,
    max_attempts: Annotated[int, _option(1, 1000, "Attempts that the job may have.")] = 1,
    backoff: Annotated[int, _option(0, YEAR, "Seconds before the second attempt.")] = 0,
    timeout: Annotated[
        float | None,
        typer.Option(
            parser=decimal(0.001, YEAR), metavar="SECONDS", help="The payload may run so long."
        ),
    ] = None,
    mail: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Send a mail when the job has ended.")
    ] = None,
    notify: Annotated[
        bool, typer.Option("--notify/--no-notify", help="Wake workers; not for bulk loads.")
    ] = True,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Submit jobs to a queue, all or none. Print a PandaID and a public id for each.

    The jobs are those of a file, with the fields of `NewQueueJob`, or one of --argv or --handler.

    Example: pandadb queue submit --queue demo --argv sleep --argv 5
    """
    given: dict[str, Any] = {
        "queue": queue, "argv": argv, "handler": handler, "name": name, "priority": priority,
        "parents": parent or (), "on_failure": on_failure, "group": group, "delay": delay,
        "dedupe_key": dedupe_key, "max_attempts": max_attempts, "backoff": backoff,
        "timeout": timeout,
    }  # fmt: skip
    if mail is not None:
        given |= {"announce": True, "metadata": {"mail": mail}}
    _check(file, given, arguments)
    with changing(dry_run=dry_run) as database:
        jobs = _jobs(file, given, arguments)
        options = queues.VerbOptions(dry_run=dry_run)
        made = queues.submit(database, jobs, options, notify=notify)
    _print(made, dry_run=dry_run, json=json)


def _check(file: Path | None, given: dict[str, Any], arguments: str | None) -> None:
    payload = [given["argv"] is not None, given["handler"] is not None]
    if [file is not None, *payload].count(True) != 1:
        raise typer.BadParameter("Give either a file, or --argv, or --handler.")
    if arguments is not None and not payload[1]:
        raise typer.BadParameter("--arguments are those of a --handler.")
    if file is None and given["queue"] is None:
        raise typer.BadParameter("--queue is needed.")


def _jobs(
    file: Path | None, given: dict[str, Any], arguments: str | None
) -> "list[queues.NewQueueJob]":
    """Return the jobs of a file, for which the options are defaults, or of the options."""
    if file is not None:
        set_ = {name: value for name, value in given.items() if value not in UNSET}
        return queues.read_jobs(text_of(file), **set_)
    if arguments is not None:
        given["arguments"] = queues.read_arguments(arguments)
    return [queues.NewQueueJob(**given)]


UNSET = (None, (), 0, 0.0, 1, "block")
"""Values of options that were not given."""


def _print(made: "queues.Submitted", *, dry_run: bool, json: bool) -> None:
    if json:
        as_json(
            {
                "pandaids": made.pandaids,
                "public_ids": made.public_ids,
                "existing": sorted(made.existing),
                "dry_run": dry_run,
            }
        )
    elif dry_run:
        out.print(f"Would be submitted: {len(made.pandaids) - len(made.existing):,} jobs.")
    else:
        for pandaid, public_id in zip(made.pandaids, made.public_ids, strict=True):
            typer.echo(f"{pandaid} {public_id}{' exists' if pandaid in made.existing else ''}")
