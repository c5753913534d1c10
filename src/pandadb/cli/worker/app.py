"""`pandadb worker`: processes that run the jobs of queues."""

from __future__ import annotations

import typer

from pandadb.cli.worker import change, find, run

app = typer.Typer(help="Workers of job queues: run, list, drain.", no_args_is_help=True)

app.command()(run.run)
app.command("list")(find.list_)
app.command()(change.drain)
