"""`pandadb tasks submit` and `feed`: tasks from JSON, and the files of their input."""

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

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

    With --catalogue the files of its input are fed at once. A user's task of the same unique name
    that has ended runs again. Exit code 1 if the task is refused,
    such as a second one of
    the same unique name while the first is at work.

    Example: pandadb tasks submit examples/task.json --catalogue examples/catalogue.json
    """
    text = text_of(file)
    files = None if catalogue is None else text_of(catalogue)
    with changing(dry_run=dry_run) as database:
        found = None if files is None else datasets.read_catalogue(files)
        answer, refined = tasks.enter(
            database,
            tasks.read_parameters(text),
            requester=requester(user, production),
            parent=parent,
            options=tasks.VerbOptions(dry_run=dry_run),
        )
        if not answer.is_accepted or answer.jeditaskid is None:
            fail(answer.text)
        fed = None
        if refined is not None and not dry_run:
            fed = datasets.feed_new(database, answer.jeditaskid, found)
    if json:
        shown = {"answer": answer, "refined": refined, "fed": fed}
        as_json({name: one and asdict(one) for name, one in shown.items()})
    elif dry_run:
        new = refined and f"A task would be submitted, and be {refined.status}."
        out.print(new or f"Nothing was changed. {answer.text}", markup=False, soft_wrap=True)
    else:
        typer.echo(answer.jeditaskid)
        reason = refined.reason if refined else answer.text
        if reason:
            note(reason, reason=reason)


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
    text = text_of(catalogue)
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
    try:
        return tasks.Requester(getpass.getuser() if user is None else user, production)
    except (KeyError, OSError):  # as in a container with the number of a user only
        fail("Your user has no login name here: name the requester with --user", INVALID)


def text_of(file: Path) -> str:
    """Return the text of a file; exit with code 2 if it cannot be read."""
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        fail(f"{file} cannot be read as UTF-8 text: {reason}", INVALID)
