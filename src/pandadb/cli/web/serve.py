"""`pandadb web`: a web server in this process."""

from typing import Annotated

import typer

from pandadb import config
from pandadb import database as databases
from pandadb.cli.archive import copy
from pandadb.cli.options import whole
from pandadb.cli.output import note
from pandadb.errors import PandaDBError
from pandadb.services import schema
from pandadb.web import application, server, server_options
from pandadb.web.accounts import identities

STATEMENT_TIMEOUT = 10.0
"""Seconds, if the settings have none: no page may hold a connection for longer."""
POOL_TIMEOUT = 2.0
"""Seconds until a page that gets no connection is answered with 503."""


class WebMissing(PandaDBError):
    """The extra `web` is not installed."""


def serve(
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(parser=whole(0, 65_535), metavar="NUMBER", help="Port; 0 for a free one.")
    ] = 8080,
) -> None:
    """Serve the web pages and the HTTP API until SIGTERM; print the address.

    Example: pandadb web --port 8080
    """
    if context.invoked_subcommand:
        return
    settings = config.load_settings()
    try:
        create_app, listening = application.create_app, server.listening
        identify = identities.identify_by(settings)
    except ModuleNotFoundError as error:
        raise WebMissing(
            f"{error.name} is not installed: pip install 'pandadb[web]', or in a checkout '.[web]'"
        ) from None
    with (
        listening(host, port) as (socket, address),
        _opened(settings) as database,
        copy.other() as archive,
    ):
        schema.refuse_unstamped(database)
        options = server_options.options_of(settings, host, address)
        note(f"Serving on {address}", address=address)
        server.serve(create_app(database, options, identify, archive=archive), socket)


def _opened(settings: config.Settings) -> databases.Database:
    timeout = settings.statement_timeout or STATEMENT_TIMEOUT
    bounded = settings.model_copy(update={"statement_timeout": timeout})
    return databases.Database.from_settings(bounded, pool_timeout=POOL_TIMEOUT)
