"""`pandadb shares`: the tree, matching, the order of dispatch, changes, reassignment."""

from __future__ import annotations

import typer

from pandadb.cli.shares import change, find, match

app = typer.Typer(
    help="Global shares: the tree, whose jobs come first, and why; changes.", no_args_is_help=True
)

app.command()(find.tree)
app.command()(find.status)
app.command()(find.rank)
app.command()(match.match)
app.command("set")(change.set_)
app.command()(change.load)
app.command()(change.reassign)
