"""`pandadb sequence`: job sequences, steps with conditions in a file."""

from __future__ import annotations

import typer

from pandadb.cli.sequence import change, check, find, run
from pandadb.cli.sequence.abbreviations import OldCommand

app = typer.Typer(
    help="Job sequences: steps with conditions, driven by results of jobs. Run, check, list, show,"
    " cancel.",
    no_args_is_help=True,
)

app.command(cls=OldCommand, context_settings={"help_option_names": ["-h", "--help"]})(run.run)
app.command()(check.check)
app.command("list")(find.list_)
app.command()(find.show)
app.command()(change.cancel)
