"""`pandadb harvester`: instances, their workers, commands to them."""

from __future__ import annotations

import typer

from pandadb.cli.harvester import change, find

app = typer.Typer(
    help="Harvester: its instances and workers, and commands to them.", no_args_is_help=True
)

app.command()(find.status)
app.command()(find.workers)
app.command()(find.commands)
app.command()(change.command)
app.command()(change.register)
app.command()(change.sync)
app.command()(change.clean)
