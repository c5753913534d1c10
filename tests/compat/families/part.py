"""What the parts of the adapter share: the database, and how its verbs are called."""

from __future__ import annotations

from pandadb.database import Database
from pandadb.services.transaction import VerbOptions

OPTIONS = VerbOptions(host="localhost")
"""The log of the golden files has the host of the server."""


class Part:
    """A part of the adapter."""

    database: Database
