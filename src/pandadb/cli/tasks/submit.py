"""`pandadb tasks submit` and `feed`: tasks from JSON, and the files of their input."""

import getpass
import json as json_library
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pandadb.cli.options import AsJSON, DryRun, Quiet, task_id
from pandadb.cli.output import INVALID, as_json, fail, note, out
from pandadb.cli.target import changing
from pandadb.services import datasets, tasks

CatalogueFile = Annotated[
    Path | None,
    typer.Option(
        "--catalogue",
        dir_okay=False,
        help="The files of input datasets, JSON; else they are fed later: tasks feed.",
    ),
]
User = Annotated[
    str | None, typer.Option(help="The name or DN of the requester; default: your login name.")
]
Production = Annotated[bool, typer.Option("--production", help="With the production role.")]


def submit(
    file: Annotated[Path, typer.Argument(help="Parameters of a task, JSON as for PanDA's client.")],
    *,
    user: User = None,
    production: Production = False,
    parent: Annotated[
        int | None,
        typer.Option(parser=task_id, metavar="TASK", help="The task whose output this one reads."),
    ] = None,
    catalogue: CatalogueFile = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Submit a task and refine it: attributes, datasets, templates. Print its id.

    With --catalogue the files of its input are fed at once. Exit code 1 if the task is refused,
    such as a second one of the same unique name.

    Example: pandadb tasks submit examples/task.json --catalogue examples/catalogue.json
    """
    parameters = _parameters(file)
    text = None if catalogue is None else _text(catalogue)
    with changing(dry_run=dry_run) as database:
        found = None if text is None else datasets.read_catalogue(text)
        options = tasks.VerbOptions(dry_run=dry_run)
        answer, refined = tasks.enter(
            database, parameters, requester=requester(user, production), parent=parent,
            options=options,
        )  # fmt: skip
        if refined is None:
            fail(answer.text)
        fed = None
        if found is not None and answer.jeditaskid is not None and not dry_run:
            fed = datasets.feed(database, answer.jeditaskid, found, options=options)
    if json:
        as_json({"answer": asdict(answer), "refined": asdict(refined), "fed": fed and asdict(fed)})
    elif dry_run:
        out.print(f"A task would be submitted, and be {refined.status}.")
    else:
        typer.echo(answer.jeditaskid)
        if refined.reason:
            note(refined.reason, reason=refined.reason)


def feed(
    jeditaskids: Annotated[
        list[int], typer.Argument(parser=task_id, metavar="TASK", help="The tasks.")
    ],
    *,
    catalogue: Annotated[
        Path, typer.Option(dir_okay=False, help="The files of the input datasets, JSON.")
    ],
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Feed tasks with the files that a catalogue has of their input datasets.

    Exit code 1 if a task is refused; the others are fed.

    Example: pandadb tasks feed 1000002 --catalogue examples/catalogue.json
    """
    text = _text(catalogue)
    with changing(dry_run=dry_run) as database:
        found = datasets.read_catalogue(text)
        report = datasets.feed(
            database, jeditaskids, found, options=tasks.VerbOptions(dry_run=dry_run)
        )
    if json:
        as_json(asdict(report))
    else:
        would = "would be " if dry_run else ""
        for task, fed in report.fed.items():
            files = sum(one.new for one in fed.datasets)
            out.print(f"Task {task} {would}fed with {files:,} files: {fed.status}.")
    end_refused(report.refused)


def end_refused(refused: dict[int, str]) -> None:
    """Print the reason for each refused task; exit with code 1 if there are any."""
    for task, reason in refused.items():
        note(reason, task=task)
    if refused:
        raise typer.Exit(1)


def requester(user: str | None, production: bool) -> "tasks.Requester":
    """Return the requester of a command."""
    return tasks.Requester(user or getpass.getuser(), production)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        fail(f"{file} cannot be read as UTF-8 text: {reason}", INVALID)


def _parameters(file: Path) -> dict[str, Any]:
    try:
        found = json_library.loads(_text(file))
    except (ValueError, RecursionError) as error:
        fail(f"{file} is not JSON: {error}", INVALID)
    if not isinstance(found, dict):
        fail(f"{file} has no JSON object: the parameters of a task are one", INVALID)
    return found
