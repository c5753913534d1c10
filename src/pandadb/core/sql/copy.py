"""Rows into a table by COPY, the fastest way in, within the transaction of a session.

They come from Python, or from another database.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from psycopg import sql

from pandadb.core.sql.psycopg_connection import driving
from pandadb.core.sql.transaction import schema_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from typing import Any

    from psycopg import Copy

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models import Base

CHUNK = 128 * 1024
"""Bytes that go from one database to the other at once."""


@contextmanager
def copy_into(session: Transaction, model: type[Base], columns: Sequence[str]) -> Iterator[Copy]:
    """Start a COPY into a table; columns that are not named take their defaults.

    Raises:
        DBAPIError: psycopg's error, wrapped as SQLAlchemy wraps it.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(schema_of(session, model.__table__.schema), model.__tablename__),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
    )
    with driving(session, statement) as driver, driver.cursor().copy(statement) as copy:
        yield copy


def copy_rows(
    session: Transaction, model: type[Base], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Copy rows into a table."""
    with copy_into(session, model, columns) as copy:
        for row in rows:
            copy.write_row(row)


def pipe(source: Transaction, out: sql.Composed, target: Transaction, into: sql.Composed) -> None:
    """Pipe a COPY TO STDOUT of one database into a COPY FROM STDIN of another, unchanged.

    Raises:
        DBAPIError: The error of either psycopg connection, wrapped as SQLAlchemy wraps it.
    """
    with (
        closing(_chunks(source, out)) as chunks,
        driving(target, into) as driver,
        driver.cursor().copy(into) as copy,
    ):
        for chunk in chunks:
            copy.write(chunk)


def _chunks(source: Transaction, out: sql.Composed) -> Generator[bytearray]:
    """Yield the data of a COPY in pieces of some size: psycopg yields each row by itself."""
    with driving(source, out) as driver, driver.cursor().copy(out) as copy:
        chunk = bytearray()
        for row in copy:
            chunk += row
            if len(chunk) >= CHUNK:
                yield chunk
                chunk = bytearray()
        yield chunk
