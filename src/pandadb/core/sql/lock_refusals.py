"""PostgreSQL's refusal to wait for a lock, as an error of the rows that were to be locked."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from pandadb.errors import PandaDBError, sqlstate

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK_NOT_AVAILABLE = "55P03"


@contextmanager
def refusing(locked: type[PandaDBError], what: str) -> Iterator[None]:
    """Turn the refusal, with NOWAIT or after the lock timeout, into an error of that class."""
    try:
        yield
    except DBAPIError as error:
        if sqlstate(error) != LOCK_NOT_AVAILABLE:
            raise
        words = f"Another transaction has locked a {what}: nothing was changed"
        raise locked(words) from error
