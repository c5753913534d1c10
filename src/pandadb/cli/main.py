"""The `pandadb` command."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import cache
from typing import Annotated, Any

import typer

from pandadb.cli import docs, partitions
from pandadb.cli.archive import app as archive
from pandadb.cli.db import app as db
from pandadb.cli.demo import app as demo
from pandadb.cli.errors import app as errors
from pandadb.cli.events import app as events
from pandadb.cli.flows import app as flows
from pandadb.cli.gateway import app as gateway
from pandadb.cli.harvester import app as harvester
from pandadb.cli.help import program_of
from pandadb.cli.jobs import app as jobs
from pandadb.cli.options import print_version
from pandadb.cli.output import CODES, INVALID, fail, logged, mode, unless_fine
from pandadb.cli.queue import app as queue
from pandadb.cli.sequence import app as sequence
from pandadb.cli.shares import app as shares
from pandadb.cli.sites import app as sites
from pandadb.cli.stats import app as stats
from pandadb.cli.tasks import app as tasks
from pandadb.cli.web import app as web
from pandadb.cli.worker import app as worker
from pandadb.errors import InvalidInput, Outcome, PandaDBError
from pandadb.services import failures

app = typer.Typer(
    name="pandadb",
    help="The PanDA database: its schema, its tasks, its jobs, its archive.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


UsageError: Any = typer.BadParameter.__base__
"""A usage error, such as an unknown option."""


@app.callback()
def options(
    _: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Take the options before a command."""


app.add_typer(db.app, name="db")
app.add_typer(tasks.app, name="tasks")
app.add_typer(jobs.app, name="jobs")
app.add_typer(flows.app, name="flows")
app.add_typer(errors.app, name="errors")
app.add_typer(stats.app, name="stats")
app.add_typer(sites.app, name="sites")
app.add_typer(harvester.app, name="harvester")
app.add_typer(worker.app, name="worker")
app.add_typer(gateway.app, name="gateway")
app.add_typer(web.app, name="web")
app.add_typer(sequence.app, name="sequence")
app.add_typer(shares.app, name="shares")
app.add_typer(events.app, name="events")
app.add_typer(queue.app, name="queue")
app.add_typer(partitions.app, name="partitions")
app.add_typer(archive.app, name="archive")
app.add_typer(docs.app, name="docs")
app.command()(demo.demo)


@cache
def program(group: str = "") -> Any:
    """Return the command with its subcommands: those of one group, else of all.

    To make all takes a tenth of a second.
    """
    chosen = copy(app)
    named = [one for one in app.registered_groups if one.name == group]
    chosen.registered_groups = named or app.registered_groups
    return program_of(chosen)


READER_GONE = 128 + 13
"""Exit code after a broken pipe, as in a shell after SIGPIPE."""


def main() -> None:
    """Run the command; database errors and errors of pandadb are a sentence and exit code 1.

    The exit code is 2 for invalid input.
    """
    try:
        with _quiet_without_reader():
            try:
                with unless_fine(), logged():
                    _run()
            finally:
                sys.stdout.flush()
    except SystemExit:  # before the classes below, as their import takes time
        raise
    except InvalidInput as error:
        fail(str(error), INVALID)
    except PandaDBError as error:
        fail(str(error), CODES[getattr(error, "outcome", Outcome.WRONG)])
    except failures.DBAPIError as error:
        fail(failures.sentence_of(error))
    except UnicodeEncodeError as error:
        odd = str(error.object)[max(error.start - 20, 0) : error.end + 20]
        fail(f"{odd!r} has bytes that are not UTF-8, the encoding of texts", INVALID)
    except OSError as error:
        _leave_output()
        place = error.filename or "the output"
        fail(f"{place} cannot be read or written: {error.strerror or error}")


def _run() -> None:
    """Run the command; with --json a usage error is reported as other errors are."""
    words = sys.argv[1:]
    mode.json = "--json" in (words[: words.index("--")] if "--" in words else words)
    command = program(words[0] if words else "")
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
    """Exit silently when the reader of the output is gone, as after `| head`."""
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
    """Redirect stdout to the null device, so that Python does not retry the write at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
