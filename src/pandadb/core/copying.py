"""Rows into a table by COPY, the fastest way in, within the transaction of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from typing import Any

    from psycopg import Connection, Copy
    from sqlalchemy.orm import Session

    from pandadb.models import Base


def copy_into(
    session: Session, model: type[Base], columns: Sequence[str]
) -> AbstractContextManager[Copy]:
    """Start a COPY into a table; columns that are not named take their defaults."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(schema_of(session, model.__table__.schema), model.__tablename__),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
    )
    driver = cast("Connection", session.connection().connection.driver_connection)
    return driver.cursor().copy(statement)


def copy_rows(
    session: Session, model: type[Base], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Copy rows into a table."""
    with copy_into(session, model, columns) as copy:
        for row in rows:
            copy.write_row(row)


def schema_of(session: Session, name: str | None) -> str:
    """Return the name that one of our schemas has in this database."""
    names = session.connection().get_execution_options().get("schema_translate_map") or {}
    return str(names.get(name, name))
