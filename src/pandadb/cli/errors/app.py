"""`pandadb errors`: errors of failed jobs explained, counted, and acted on."""

from __future__ import annotations

import typer

from pandadb.cli.errors import apply, find

app = typer.Typer(
    help="Errors of failed jobs: explain, count, apply the rules for them.", no_args_is_help=True
)

app.command()(find.explain)
app.command("list")(find.list_)
app.command()(find.rules)
app.command()(apply.apply)
