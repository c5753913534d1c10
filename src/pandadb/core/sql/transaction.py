"""The transaction of the caller, through which the functions of core send their statements.

And the ways in which a statement treats rows that another transaction has locked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

Transaction = Session | Connection
"""A session; or a bare connection, where a session's overhead would cost as much as all the rest.

Neither is committed here, and both have the options of their `Database`.
"""


class Lock(StrEnum):
    """The treatment of rows that another transaction has locked, in PostgreSQL's words."""

    WAIT = "wait"
    SKIP = "skip"
    NOWAIT = "nowait"


def connection_of(transaction: Transaction) -> Connection:
    """Return the connection, with all that a session has yet to write; it is faster for rows."""
    if isinstance(transaction, Connection):
        return transaction
    transaction.flush()
    return transaction.connection()


def schema_names(transaction: Transaction) -> Mapping[str | None, str]:
    """Return the names that our schemas have in this database, where they are others."""
    return connection_of(transaction).get_execution_options().get("schema_translate_map") or {}


def schema_of(transaction: Transaction, name: str | None) -> str:
    """Return the name that one of our schemas has in this database."""
    return str(schema_names(transaction).get(name, name))


def waiting_table(transaction: Transaction) -> str | None:
    """Return the name of the table for waiting jobs, if the settings of the database name one."""
    table: str | None = connection_of(transaction).get_execution_options().get("waiting_table")
    return table
