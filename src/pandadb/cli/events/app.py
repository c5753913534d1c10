"""`pandadb events`: ranges of events of jobs and tasks."""

from __future__ import annotations

import typer

from pandadb.cli.events import change, find

app = typer.Typer(
    help="Ranges of events: list, count, take, report, release.", no_args_is_help=True
)

app.command("list")(find.list_)
app.command()(find.count)
app.command()(change.take)
app.command()(change.report)
app.command()(change.release)
