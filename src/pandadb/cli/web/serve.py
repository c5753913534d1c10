"""`pandadb web`: a web server in this process."""

import gc
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from pandadb import config
from pandadb import database as databases
from pandadb.cli.archive import copy
from pandadb.cli.options import whole
from pandadb.cli.output import logged_apart, note
from pandadb.cli.web import log_lines
from pandadb.cli.web.worker_process import running_worker
from pandadb.errors import PandaDBError
from pandadb.services import applications as declared
from pandadb.services import schema
from pandadb.web import application, server, server_options, warmup
from pandadb.web.accounts import identities

STATEMENT_TIMEOUT = 10.0
"""Seconds, if the settings have none: no page may hold a connection for longer."""
POOL_TIMEOUT = 2.0
"""Seconds until a page that gets no connection is answered with 503."""

WARM_UP_SECONDS = 5.0
"""Seconds until the address is printed, although the first pages may still take long."""


class WebMissing(PandaDBError):
    """The extra `web` is not installed."""


def serve(
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(parser=whole(0, 65_535), metavar="NUMBER", help="Port; 0 for a free one.")
    ] = 8080,
    worker: Annotated[
        bool | None,
        typer.Option(
            "--worker/--no-worker",
            help="Run a worker for the applications' queues, too; by default with the embedded"
            " database.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve the web pages and the HTTP API until SIGTERM; print the address.

    Example: pandadb web --port 8080
    """
    if context.invoked_subcommand:
        return
    settings = config.load_settings()
    file = settings.applications_file()
    applications = declared.read_applications(file) if file else {}
    try:
        create_app, listening = application.create_app, server.listening
        identify = identities.identify_by(settings)
    except ModuleNotFoundError as error:
        raise WebMissing(
            f"{error.name} is not installed: pip install 'pandadb[web]', or in a checkout '.[web]'"
        ) from None
    works = settings.server_url() is None if worker is None else worker
    queues = {one.queue for one in applications.values()} if works else ()
    with (
        listening(host, port) as (socket, address),
        _opened(settings) as database,
        copy.other() as archive,
    ):
        _refuse_unstamped(database)
        options = server_options.options_of(settings, host, address, applications)
        log = logged_apart("pandadb.web", log_lines.lines(), logging.INFO)
        with log, _exit_at_sigterm(), running_worker(settings, queues):
            app = create_app(database, options, identify, archive=archive)
            warmup.warm_up(app, WARM_UP_SECONDS)
            warmup.keep_warm(app)
            gc.freeze()  # full collections take a tenth of a second for what is imported
            note(f"Serving on {address}", address=address)
            server.serve(app, socket)


def _refuse_unstamped(database: "databases.Database") -> None:
    """Reject a database that pandadb did not create; print it if there is none for now.

    Raises:
        NotStamped: It has tables, and no stamp.
    """
    try:
        schema.refuse_unstamped(database)
    except databases.DatabaseUnreachable as error:
        note(f"{error} Pages answer when it does.")


def _opened(settings: "config.Settings") -> "databases.Database":
    timeout = settings.statement_timeout or STATEMENT_TIMEOUT
    bounded = settings.model_copy(update={"statement_timeout": timeout})
    return databases.Database.from_settings(
        bounded,
        pool_timeout=POOL_TIMEOUT,
        pool_use_lifo=True,  # a connection in use knows the many partitions already
    )


@contextmanager
def _exit_at_sigterm() -> Iterator[None]:
    """Leave by an exception at SIGTERM; the server sends it to this process at its end."""
    usual = signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)
