"""`pandadb gateway run`: a gateway in this process."""

import logging
import traceback
from typing import Annotated

import typer
from typing_extensions import override

from pandadb.cli.gateway.settings import Brokers, Config, settings_of
from pandadb.cli.options import AsJSON, Quiet
from pandadb.cli.output import as_json, logged_apart, mode, note
from pandadb.cli.signals import stopped_by_signals
from pandadb.cli.target import changing
from pandadb.gateway.broker import gateway_loop, library


def run(
    *,
    broker: Brokers = None,
    config: Config = None,
    listen: Annotated[
        bool, typer.Option("--listen/--no-listen", help="Listen to notices, besides the polls.")
    ] = True,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Take messages of a broker, and send the events that answer them, until SIGTERM.

    A message is acknowledged when its job is committed. While the broker or the database is away,
    it is waited for. Any number of gateways may run. With --json each line on standard error is an
    object.

    Example: pandadb gateway run --broker stomp://127.0.0.1:61613
    """
    settings = settings_of(config, broker)
    library.library()
    level = logging.WARNING if mode.quiet else logging.INFO
    log = logged_apart("pandadb.gateway", LogLines(logging.INFO), level)
    with changing() as database, log:
        loop = gateway_loop.GatewayLoop(database, settings, listen=listen)
        with stopped_by_signals(loop.stop):
            loop.run()
    if json:
        seen = loop.activity
        as_json({"gateway": loop.gateway_id, "received": seen.received, "sent": seen.sent})


class LogLines(logging.Handler):
    """Prints log records as notes, with their fields under --json."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        fields = dict(getattr(record, "fields", {}))
        if record.exc_info and mode.json:
            fields["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        note(record.getMessage(), level=record.levelname.lower(), **fields)
