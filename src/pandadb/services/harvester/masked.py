"""Transactions whose errors show no parameters: these may have credentials of Harvester's sites."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from pandadb.services.transaction import transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pandadb.database import Database
    from pandadb.services.transaction import VerbOptions


@contextmanager
def masked(database: Database, options: VerbOptions) -> Iterator[Connection]:
    """Open the transaction of a verb; the text of a database error has no parameters."""
    try:
        with transaction(database, options) as connection:
            yield connection
    except DBAPIError as error:
        error.hide_parameters = True
        raise
