"""The `pandadb` command."""

import sys

import typer

from pandadb.cli import db, demo, jobs
from pandadb.cli.output import fail
from pandadb.errors import PandaDBError

app = typer.Typer(
    name="pandadb",
    help="The PanDA database: its schema, its jobs, its archive.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(db.app, name="db")
app.add_typer(jobs.app, name="jobs")
app.command()(demo.demo)


def main() -> None:
    """Run the command; an error that pandadb raises on purpose is a sentence and exit code 1."""
    try:
        app()
    except PandaDBError as error:
        fail(error)
        sys.exit(1)
