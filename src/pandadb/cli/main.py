"""The `pandadb` command."""

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from pandadb.cli import archive, db, demo, docs, jobs, partitions
from pandadb.cli.output import fail
from pandadb.errors import PandaDBError

app = typer.Typer(
    name="pandadb",
    help="The PanDA database: its schema, its jobs, its archive.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pandadb {version('pandadb')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


app.add_typer(db.app, name="db")
app.add_typer(jobs.app, name="jobs")
app.add_typer(partitions.app, name="partitions")
app.add_typer(archive.app, name="archive")
app.add_typer(docs.app, name="docs")
app.command()(demo.demo)


HINTS = {
    "42P01": "The schema is not there, or not complete: pandadb db upgrade",
    "3F000": "The schema is not there, or not complete: pandadb db upgrade",
    "42501": "The role may not do that: pandadb db grant, or another role in PANDADB_URL",
    "53200": "Locks on all partitions of the archive may be too many: ask for a time (--since, "
    "--until), run pandadb archive compact, or raise max_locks_per_transaction",
    "57014": "The statement took longer than PANDADB_STATEMENT_TIMEOUT allows",
    "55P03": "A lock was not free in the time that PANDADB_LOCK_TIMEOUT allows: try again",
}
"""What to do about errors of the database that operators meet, by SQLSTATE."""


def main() -> None:
    """Run the command; what goes wrong in the database or on purpose is a sentence and exit 1."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except PandaDBError as error:
        fail(str(error))
    except DBAPIError as error:
        said = getattr(getattr(error.orig, "diag", None), "message_primary", None) or "no answer"
        hint = HINTS.get(getattr(error.orig, "sqlstate", None) or "", "")
        fail(f"The database says: {said}. {hint}".strip())
    except OSError as error:
        # What could not be written must not be tried once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        place = error.filename or "the output"
        fail(f"{place} cannot be read or written: {error.strerror or error}")
