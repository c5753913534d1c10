"""`pandadb gateway send`: a message from a shell."""

import json as json_
from pathlib import Path
from typing import Annotated

import typer

from pandadb.cli.gateway.settings import Brokers, Config, settings_of
from pandadb.cli.options import AsJSON, whole
from pandadb.cli.output import INVALID, as_json, fail, out
from pandadb.cli.text_input import text_of
from pandadb.gateway.broker import addresses, connection

HEADER = typer.Option(metavar="NAME=VALUE", help="A header of the message; can be repeated.")


def send(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.json", help="A message, or a list; - for standard input."),
    ],
    *,
    to: Annotated[
        str | None, typer.Option(metavar="QUEUE", help="Its queue; default: that of new data.")
    ] = None,
    priority: Annotated[
        int | None,
        typer.Option(parser=whole(0, 9), metavar="0-9", help="Its priority; 9 comes first."),
    ] = None,
    header: Annotated[list[str] | None, HEADER] = None,
    broker: Brokers = None,
    config: Config = None,
    json: AsJSON = False,
) -> None:
    """Send messages to the broker: a JSON object, or a list of them; each until it is confirmed.

    Nothing is sent if the file is no JSON. The keys are not looked at: the gateway does that.

    Example: pandadb gateway send message.json --priority 7
    """
    settings = settings_of(config, broker)
    messages = _read(file)
    headers = _headers(header or [])
    if priority is not None:
        headers["priority"] = str(priority)
    place = addresses.path_of(to or settings.destinations.data_ready)
    link = connection.BrokerConnection(settings.broker)
    link.connect()
    try:
        for one in messages:
            link.send(place, json_.dumps(one).encode(), headers)
    finally:
        link.close()
    if json:
        as_json({"destination": place, "messages": len(messages)})
    else:
        out.print(f"Sent to {place}: {len(messages):,}.", markup=False, soft_wrap=True)


def _read(file: Path) -> list[object]:
    """Return the messages of a file; a file that has none ends the command."""
    try:
        found = json_.loads(text_of(file))
    except (ValueError, RecursionError) as error:
        fail(f"{file} is no JSON: {error}", INVALID)
    messages = found if isinstance(found, list) else [found]
    if not messages or not all(isinstance(one, dict) for one in messages):
        fail(f"{file} has no message: that is a JSON object, or a list of them", INVALID)
    return messages


def _headers(given: list[str]) -> dict[str, str]:
    headers = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not name or not sign or not one.isprintable():
            fail(f"{one!r} is no header: write name=value", INVALID)
        headers[name] = value
    return headers
