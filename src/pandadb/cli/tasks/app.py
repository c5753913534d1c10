"""`pandadb tasks`: submit, find, command and generate jobs of tasks."""

from __future__ import annotations

import typer

from pandadb.cli.tasks import change, find, generate, notify, submit

app = typer.Typer(help="Tasks: submit, find, command; generate their jobs.", no_args_is_help=True)

app.command()(submit.submit)
app.command()(submit.feed)
app.command("list")(find.list_)
app.command()(find.show)
app.command()(find.history)
app.command()(generate.generate)
app.command()(change.command)
app.command()(change.advance)
app.command()(change.recount)
app.command()(notify.notify)
