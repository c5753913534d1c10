"""The `pandadb` command."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Annotated, Any

import typer
from sqlalchemy.exc import DBAPIError

from pandadb.cli import docs, partitions
from pandadb.cli.archive import app as archive
from pandadb.cli.db import app as db
from pandadb.cli.demo import app as demo
from pandadb.cli.help import program_of
from pandadb.cli.jobs import app as jobs
from pandadb.cli.output import CODES, INVALID, fail, logged, mode, unless_fine
from pandadb.database.pooler import HINT
from pandadb.errors import InvalidInput, PandaDBError
from pandadb.services.maintenance import Outcome

app = typer.Typer(
    name="pandadb",
    help="The PanDA database: its schema, its jobs, its archive.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


UsageError: Any = typer.BadParameter.__base__
"""A wrong use of a command, such as an unknown option."""


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


def program() -> Any:
    """Return the command with all commands below it, as it is run."""
    return program_of(app)


HINTS = {
    "25006": "This is a replica, or default_transaction_read_only is set for the role or database",
    "26000": HINT,
    "42P01": "The schema is not there, or not complete: pandadb db upgrade",
    "3F000": "The schema is not there, or not complete: pandadb db upgrade",
    "42501": "The role may not do that: pandadb db grant, or another role in PANDADB_URL",
    "53200": "Locks on all partitions of the archive may be too many: ask for a time (--since, "
    "--until), run pandadb archive compact, or raise max_locks_per_transaction",
    "57014": "The statement took longer than PANDADB_STATEMENT_TIMEOUT allows",
    "55P03": "A lock was not free in the time that PANDADB_LOCK_TIMEOUT allows: try again",
}
"""What to do about errors of the database that operators meet, by SQLSTATE."""


READER_GONE = 128 + 13
"""Exit code of what writes to a pipe that nobody reads any more, as a shell has it for SIGPIPE."""


def main() -> None:
    """Run the command; what goes wrong in the database or on purpose is a sentence and exit 1.

    The exit code is 2 for what cannot be as it was given.
    """
    try:
        with _quiet_without_reader():
            try:
                with unless_fine(), logged():
                    _run()
            finally:
                sys.stdout.flush()
    except InvalidInput as error:
        fail(str(error), INVALID)
    except PandaDBError as error:
        fail(str(error), CODES[getattr(error, "outcome", Outcome.WRONG)])
    except DBAPIError as error:
        said = getattr(getattr(error.orig, "diag", None), "message_primary", None) or "no answer"
        hint = HINTS.get(getattr(error.orig, "sqlstate", None) or "", "")
        fail(f"The database says: {said}. {hint}".strip())
    except UnicodeEncodeError as error:
        odd = str(error.object)[max(error.start - 20, 0) : error.end + 20]
        fail(f"{odd!r} has bytes in it that are not UTF-8, the encoding of texts", INVALID)
    except OSError as error:
        _leave_output()
        place = error.filename or "the output"
        fail(f"{place} cannot be read or written: {error.strerror or error}")


def _run() -> None:
    """Run the command; with --json a wrong use of it is told as other errors are."""
    words = sys.argv[1:]
    mode.json = "--json" in (words[: words.index("--")] if "--" in words else words)
    command = program()
    if not mode.json:
        command()
        return
    try:
        code = command(standalone_mode=False)
    except typer.Abort:
        fail("Aborted.")
    except UsageError as error:
        fail(error.format_message(), INVALID)
    sys.exit(code)


@contextmanager
def _quiet_without_reader() -> Iterator[None]:
    """End without a word when the reader of the output has gone, as `head` does."""
    try:
        yield
    except BrokenPipeError:
        _leave_output()
        sys.exit(READER_GONE)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # typer makes it exit code 1
            _leave_output()
            sys.exit(READER_GONE)
        raise


def _leave_output() -> None:
    """Have Python not try once more, when it ends, to write what could not be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
