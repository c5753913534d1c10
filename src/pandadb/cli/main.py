"""The `pandadb` command."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Annotated, Any

import typer

from pandadb.cli import docs, partitions
from pandadb.cli.archive import app as archive
from pandadb.cli.db import app as db
from pandadb.cli.demo import app as demo
from pandadb.cli.help import program_of
from pandadb.cli.jobs import app as jobs
from pandadb.cli.output import CODES, INVALID, fail, logged, mode, unless_fine
from pandadb.errors import InvalidInput, Outcome, PandaDBError
from pandadb.services import failures

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
    except SystemExit:  # before the classes below, which take time to import
        raise
    except InvalidInput as error:
        fail(str(error), INVALID)
    except PandaDBError as error:
        fail(str(error), CODES[getattr(error, "outcome", Outcome.WRONG)])
    except failures.DBAPIError as error:
        fail(failures.sentence_of(error))
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
