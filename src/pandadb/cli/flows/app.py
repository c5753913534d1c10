"""`pandadb flows`: flows of the job queue, jobs that wait for each other."""

from __future__ import annotations

import typer

from pandadb.cli.flows import change, find

app = typer.Typer(
    help="Flows: jobs that wait for each other. List, show, graph, submit, stop, resume, rerun,"
    " delete, reset.",
    no_args_is_help=True,
)

app.command("list")(find.list_)
app.command()(find.show)
app.command()(find.graph)
app.command()(change.submit)
app.command()(change.stop)
app.command()(change.resume)
app.command()(change.rerun)
app.command()(change.delete)
app.command()(change.reset)
