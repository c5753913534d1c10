"""The settings of commands of the gateway: a file, and brokers named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pandadb.gateway import settings as gateway_settings
from pandadb.gateway.broker import addresses

if TYPE_CHECKING:
    from pandadb.gateway.settings import GatewaySettings

Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Settings; default: gateway.toml, if there is one."),
]
Brokers = Annotated[
    list[str] | None,
    typer.Option(
        metavar="URL", help="stomp://host:port, or stomp+ssl://host:port; can be repeated."
    ),
]


def settings_of(config: Path | None, brokers: list[str] | None = None) -> GatewaySettings:
    """Return the settings of a file, with other brokers if some are named.

    Raises:
        InvalidInput: The file cannot be read, a setting is wrong, or an address cannot be.
    """
    settings = gateway_settings.read_settings(config)
    if brokers:
        broker = settings.broker.model_copy(update={"urls": brokers})
        settings = settings.model_copy(update={"broker": broker})
    for url in settings.broker.urls:
        addresses.read_address(url)
    return settings
