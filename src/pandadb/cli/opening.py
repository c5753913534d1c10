"""The database that a command works on, if it is one of pandadb's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pandadb.database import Database
from pandadb.services import schema

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def opened() -> Iterator[Database]:
    """Open the database of the settings.

    Raises:
        NotStamped: It has tables of PanDA's that pandadb has not made: nothing is changed there.
    """
    with Database.from_settings() as database:
        schema.refuse_unstamped(database)
        yield database
