"""`pandadb sites`: load and compare dumps, look up sites and their history, candidates of a job."""

from __future__ import annotations

import typer

from pandadb.cli.sites import find, load

app = typer.Typer(
    help="Sites: load dumps of CRIC, look up; queues for a job.", no_args_is_help=True
)

app.command()(load.load)
app.command()(load.diff)
app.command()(load.generate)
app.command("list")(find.list_)
app.command()(find.show)
app.command()(find.history)
app.command()(find.candidates)
