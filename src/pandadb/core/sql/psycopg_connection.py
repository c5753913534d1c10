"""What psycopg does for us without SQLAlchemy, or in another way than by default."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, cast

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from typing_extensions import override

from pandadb.core.sql.transaction import connection_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import sql
    from sqlalchemy import Connection

    from pandadb.core.sql.transaction import Transaction


class Cursor(psycopg.RawCursor[TupleRow]):
    """Sends a text as PostgreSQL has it, with $1: nobody has to look for %(name)s in it.

    The text is prepared at once, since it will be sent again.
    """

    @override
    def execute(self, query: Any, params: Any = None, **named: Any) -> Self:
        given = params or None  # SQLAlchemy says {} for none
        return super().execute(query, given, **{"prepare": True, **named})


def driver_of(connection: Connection) -> psycopg.Connection:
    """Return the driver's own connection below SQLAlchemy's."""
    return cast("psycopg.Connection", connection.connection.driver_connection)


@contextmanager
def autocommitting(connection: Connection) -> Iterator[None]:
    """Have each statement be a transaction; SQLAlchemy's own option for that takes its time.

    A connection that is not idle afterwards is not used again.
    """
    driver = driver_of(connection)
    usual = driver.autocommit
    driver.autocommit = True
    try:
        yield
    finally:
        if driver.pgconn.transaction_status == TransactionStatus.IDLE:
            driver.autocommit = usual
        else:
            connection.invalidate()


@contextmanager
def driving(
    transaction: Transaction, statement: sql.Composable | bytes
) -> Iterator[psycopg.Connection]:
    """Lend the driver's own connection, for a statement that SQLAlchemy does not send.

    It ends with SQLAlchemy's transaction, which begins now if it has not.

    Raises:
        DBAPIError: What the driver says, as SQLAlchemy would say it.
    """
    connection = connection_of(transaction)
    driver = driver_of(connection)
    if not (driver.autocommit or connection.in_transaction()):
        connection.begin()
    try:
        yield driver
    except psycopg.Error as error:
        words = statement.decode() if isinstance(statement, bytes) else statement.as_string()
        # no public name does this: events hear of it, and where one is lost the pool connects anew
        connection._handle_dbapi_exception(error, words, None, None, None)


@contextmanager
def our_cursor(connection: Connection) -> Iterator[None]:
    """Have a connection use our cursor once: SQLAlchemy has no option for it per statement.

    What others send in SQLAlchemy's events has the usual one.
    """
    driver = driver_of(connection)
    usual = driver.cursor_factory

    def once(*given: Any, **named: Any) -> Cursor:
        driver.cursor_factory = usual
        return Cursor(*given, **named)

    driver.cursor_factory = cast("type[Cursor]", once)
    try:
        yield
    finally:
        driver.cursor_factory = usual
