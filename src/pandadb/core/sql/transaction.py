"""The transaction of the caller, through which the functions of core send their statements.

And the ways in which a statement treats rows that another transaction has locked.
"""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from pandadb.errors import PandaDBError, sqlstate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Transaction = Session | Connection
"""A session; or a bare connection, where a session's overhead would cost as much as all the rest.

Neither is committed here, and both have the options of their `Database`.
"""


LOCK_NOT_AVAILABLE = "55P03"


class Lock(StrEnum):
    """The treatment of rows that another transaction has locked, in PostgreSQL's words."""

    WAIT = "wait"
    SKIP = "skip"
    NOWAIT = "nowait"


@contextmanager
def refusing_locked(locked: type[PandaDBError], what: str) -> Iterator[None]:
    """Turn a refusal of a lock, with NOWAIT or after the lock timeout, into an error of the rows.

    The class of the error is `locked`, and `what` is the word for a row.
    """
    try:
        yield
    except DBAPIError as error:
        if sqlstate(error) != LOCK_NOT_AVAILABLE:
            raise
        words = f"Another transaction has locked a {what}: nothing was changed"
        raise locked(words) from error


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
