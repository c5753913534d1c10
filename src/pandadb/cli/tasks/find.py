"""`pandadb tasks list`, `show` and `history`: tasks, looked at."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from pandadb.cli.jobs.filters import FORMATS, TIME
from pandadb.cli.options import LARGEST_ID, AsJSON, moment, task_id, whole
from pandadb.cli.output import as_json, out, plain_text, table
from pandadb.cli.target import connected
from pandadb.services import tasks

Task = Annotated[int, typer.Argument(parser=task_id, metavar="TASK", help="The task.")]
COLUMNS = ("jeditaskid", "status", "taskname", "username", "prodsourcelabel", "modificationtime")
DATASET_COLUMNS = (
    "datasetid", "type", "status", "nfiles", "nfilestobeused", "nfilesused", "nfilesfinished",
    "nfilesfailed", "datasetname",
)  # fmt: skip
COLOURS = {
    "finished": "green", "running": "cyan", "picked": "blue", "ready": "white",
    "failed": "red", "lost": "magenta", "missing": "magenta",
}  # fmt: skip
"""Of files in the bar; other states are grey."""
BAR = 60


def list_(
    *,
    status: Annotated[list[str] | None, typer.Option(help="A state; can be repeated.")] = None,
    taskname: Annotated[str | None, typer.Option(help="A name, * for any letters.")] = None,
    username: Annotated[str | None, typer.Option(help="The owner.")] = None,
    vo: Annotated[str | None, typer.Option(help="The virtual organization.")] = None,
    prodsourcelabel: Annotated[str | None, typer.Option(help="managed, user, test …")] = None,
    workinggroup: Annotated[str | None, typer.Option(help="The working group.")] = None,
    gshare: Annotated[str | None, typer.Option(help="The global share.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=moment(FORMATS), metavar=TIME, help="The earliest last change, UTC."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(parser=moment(FORMATS), metavar=TIME, help="The first time too late, UTC."),
    ] = None,
    limit: Annotated[
        int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="The most tasks.")
    ] = 100,
    before: Annotated[
        int | None,
        typer.Option(
            parser=whole(0, LARGEST_ID), metavar="TASK", help="The last task of the page before."
        ),
    ] = None,
    json: AsJSON = False,
) -> None:
    """List tasks that match all options, the newest first, page by page.

    Example: pandadb tasks list --status running --since yesterday
    """
    chosen = tasks.TaskFilter(
        status or None, taskname, username, vo, prodsourcelabel, workinggroup, gshare, since, until
    )
    with connected() as database:
        page = tasks.find(database, chosen, limit=limit, before=before)
    if json:
        as_json(asdict(page))
        return
    table("Tasks", COLUMNS, ([plain_text(one[name]) for name in COLUMNS] for one in page.tasks))
    if page.next:
        out.print(f"There are more: --before {page.next}", soft_wrap=True)


def show(task: Task, json: AsJSON = False) -> None:
    """Show a task with a bar of its input files by state, its jobs and its datasets.

    Exit code 1 if there is none. Columns without a value are left out; --json has all of them.

    Example: pandadb tasks show 1000002
    """
    with connected() as database:
        found = tasks.get(database, task)
        progress = tasks.task_progress(database, task)[task]
    if json:
        as_json(found | {"progress": asdict(progress)})
        return
    rows = found.pop("datasets")
    known = ((name, plain_text(value)) for name, value in found.items() if value is not None)
    table(f"Task {task}", ("column", "value"), known)
    draw_bar(progress.files)
    if progress.jobs:
        table("Jobs", ("state", "jobs"), sorted(progress.jobs.items()))
    lines = ([plain_text(one[name]) for name in DATASET_COLUMNS] for one in rows)
    table("Datasets", DATASET_COLUMNS, lines)


def draw_bar(files: dict[str, int]) -> None:
    """Draw the input files of a task as a bar, a colour for each state, with a legend."""
    total = sum(files.values())
    if not total:
        out.print("No input files.")
        return
    order = sorted(files, key=lambda state: [*COLOURS, state].index(state))
    bar, legend, end = Text(), [], 0.0
    for state in order:
        begin, end = end, end + files[state] * BAR / total
        cells = max(round(end) - round(begin), 0)
        colour = COLOURS.get(state, "bright_black")
        bar.append(("█" if out.is_terminal else state[0]) * cells, style=colour)
        legend.append((f"{state} {files[state]:,}", colour))
    out.print("Input files", style="bold")
    out.print(bar)
    out.print(Text("  ").join(Text(*one) for one in legend))


def history(task: Task, json: AsJSON = False) -> None:
    """Show the states that a task was in, its attempts, and its last command.

    Example: pandadb tasks history 1000002
    """
    with connected() as database:
        found = tasks.history(database, task)
    if json:
        as_json(asdict(found))
        return
    steps = ((s.status, s.since, s.seconds, s.attemptnr, s.reason) for s in found.states)
    table(f"States of task {task}", ("state", "since", "seconds", "attempt", "reason"), steps)
    names = ("attemptnr", "starttime", "startstatus", "endtime", "endstatus")
    table("Attempts", names, ([one[name] for name in names] for one in found.attempts))
    if found.command:
        shown = ("comm_cmd", "comm_comment")
        table("Last command", shown, [[found.command[name] for name in shown]])
