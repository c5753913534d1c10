"""psycopg's connection below SQLAlchemy's: for COPY, autocommit, and prepared statements."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import psycopg
from psycopg import generators
from psycopg.pq import ExecStatus, TransactionStatus

from pandadb.core.sql.transaction import connection_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import sql
    from sqlalchemy import Connection

    from pandadb.core.sql.transaction import Transaction

BY_INDEX = b"BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL jit = off"
"""Before 18 a table without an index for a condition costs so much then that plans are compiled."""


def driver_of(connection: Connection) -> psycopg.Connection:
    """Return the driver's own connection below SQLAlchemy's."""
    return cast("psycopg.Connection", connection.connection.driver_connection)


@contextmanager
def autocommitting(connection: Connection) -> Iterator[None]:
    """Make each statement a transaction of its own.

    SQLAlchemy's isolation level AUTOCOMMIT would cost two round trips to set and to reset. A
    connection that is not idle afterwards is invalidated.
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
    """Yield psycopg's connection, for a statement that SQLAlchemy does not send.

    The statement is part of SQLAlchemy's transaction, which is begun if necessary.

    Raises:
        DBAPIError: psycopg's error, wrapped as SQLAlchemy wraps it.
    """
    connection = connection_of(transaction)
    driver = driver_of(connection)
    if not (driver.autocommit or connection.in_transaction()):
        connection.begin()
    try:
        yield driver
    except psycopg.Error as error:
        words = statement.decode() if isinstance(statement, bytes) else statement.as_string()
        # Private, since no public API wraps an error, fires `handle_error` and invalidates a lost
        # connection; tests/core/sql/test_prepared.py fails if it changes.
        connection._handle_dbapi_exception(error, words, None, None, None)


def begin_by_index(connection: Connection) -> None:
    """Begin a transaction whose statements are planned without scans of whole tables.

    A prepared statement is planned again when a vacuum has changed the size of one of its tables,
    and the plan is kept: a table that is small then may be large when the plan is used. The setting
    goes with BEGIN, so it takes no round trip of its own; psycopg begins only where nothing has.
    """
    with driving(connection, BY_INDEX) as driver, driver.lock:
        driver.pgconn.send_query(BY_INDEX)
        for result in driver.wait(generators.execute(driver.pgconn)):
            if result.status == ExecStatus.FATAL_ERROR:
                raise psycopg.errors.error_from_result(result)
