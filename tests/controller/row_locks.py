"""Rows that a session of its own has locked."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pandadb.database import Database
    from pandadb.models.base import Base


@contextmanager
def locked(database: Database, model: type[Base], key: int) -> Iterator[Connection]:
    """Keep the row with a primary key locked; the session may be ended meanwhile."""
    column = next(iter(model.__table__.primary_key))
    with database.engine.connect() as connection:
        connection.execute(model.__table__.select().where(column == key).with_for_update())
        yield connection
        connection.invalidate()
