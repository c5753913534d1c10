"""`pandadb stats`: refresh statistics, report their age, count jobs by site and state."""

from __future__ import annotations

import typer

from pandadb.cli.stats import refresh, report

app = typer.Typer(help="Statistics: refresh, report their age, read.", no_args_is_help=True)

app.command()(refresh.refresh)
app.command()(report.status)
app.command()(report.sites)
