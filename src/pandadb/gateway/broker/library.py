"""The library of the extra `stomp`, imported lazily."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

from pandadb.errors import PandaDBError


class StompMissing(PandaDBError):
    """The extra `stomp` is not installed."""


def library(name: str = "stomp") -> Any:
    """Return a module of stomp.py, or of the broker coilmq.

    Raises:
        StompMissing: It is not installed.
    """
    try:
        found = import_module(name)
    except ImportError as error:
        raise StompMissing(
            f"The gateway needs {error.name or name}, which is not installed: "
            "pip install 'pandadb[stomp]', or in a checkout '.[stomp]'"
        ) from error
    # Its lines repeat what the gateway logs, and quote frames.
    logging.getLogger("stomp.py").setLevel(logging.CRITICAL + 1)
    return found
