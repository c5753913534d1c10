"""`pandadb sequence`: job sequences, steps with conditions in a file."""

from __future__ import annotations

import typer

from pandadb.cli.sequence import check, run

app = typer.Typer(
    help="Job sequences: steps with conditions, driven by results of jobs. Run, check.",
    no_args_is_help=True,
)

app.command()(run.run)
app.command()(check.check)
