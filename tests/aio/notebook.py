"""A module as the services are, with a class that is made with a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.models import Cache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

__all__ = ["LIMIT", "Notebook"]

LIMIT = 3


class Notebook:
    """Notes in a table."""

    def __init__(self, database: Database, *, page: str = "") -> None:
        self._database = database
        self.page = page

    def write(self, name: str, other: Database | None = None) -> int:
        """Write a note; return how many there are."""
        for database in filter(None, [self._database, other]):
            with database.session() as session:
                session.add(Cache(main_key=name, sub_key=self.page))
        return len([*self.read()])

    def read(self) -> Iterator[str]:
        """Yield the notes."""
        with self._database.session() as session:
            yield from session.scalars(select(Cache.main_key).order_by(Cache.main_key))
