"""Isolated failures of units of work: a table, a partition, a day of the archive."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from pandadb.database import DatabaseUnreachable, pooler
from pandadb.errors import PandaDBError, sqlstate

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DBAPIError", "Failure", "explain", "is_of_all", "isolated", "sentence_of"]

HINTS_OF_UNITS = {
    "42P07": "It is no partition: rename it, or drop it if it is not needed",
    "2BP01": "",  # PostgreSQL's own hint is DROP … CASCADE
}
"""Remedy for an error of one unit, by SQLSTATE; else PostgreSQL's own hint."""
HINTS = {
    "25006": "This is a replica, or default_transaction_read_only is set for the role or database",
    "26000": pooler.HINT,
    "42P01": "The schema is not there, or not complete: pandadb db upgrade",
    "3F000": "The schema is not there, or not complete: pandadb db upgrade",
    "42501": "The role may not do that: pandadb db grant, or another role in PANDADB_URL",
    "53200": "Locks on all partitions of the archive may be too many: ask for a time (--since, "
    "--until), run pandadb archive compact, or raise max_locks_per_transaction",
    "57014": "The statement took longer than PANDADB_STATEMENT_TIMEOUT allows",
    "55P03": "A lock was not free in the time that PANDADB_LOCK_TIMEOUT allows: try again",
}
"""Remedies for errors of the database that operators meet, by SQLSTATE."""
OF_ROWS = ("22", "23")
"""Classes of SQLSTATEs with values of rows in their DETAIL."""


@dataclass(frozen=True)
class Failure:
    """A unit of work that could not be done."""

    unit: str
    """The name of the unit: `make jobs_statuslog_p2026_11_28`, or a day."""
    why: str
    """A sentence; for errors of the database with dependent objects (DETAIL)."""


@contextmanager
def isolated(failed: list[Failure], unit: str) -> Iterator[None]:
    """Add an error of one unit of work to those that have failed, so that the others go on.

    Raises:
        DatabaseUnreachable: The server does not answer: no other unit could be done either.
        DBAPIError: The connection is lost, or the server goes down.
    """
    try:
        yield
    except (DBAPIError, PandaDBError) as error:
        if is_of_all(error):
            raise
        failed.append(Failure(unit, explain(error)))


def is_of_all(error: DBAPIError | PandaDBError) -> bool:
    """Return whether every other unit of work would fail, too."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, DatabaseUnreachable)
    state = sqlstate(error)
    return error.connection_invalidated if state is None else state.startswith(("08", "57P"))


def explain(error: DBAPIError | PandaDBError) -> str:
    """Return an error as a sentence, with PostgreSQL's DETAIL and a hint; no values of rows."""
    if not isinstance(error, DBAPIError):
        return str(error)
    diag = getattr(error.orig, "diag", None)
    state = sqlstate(error) or ""
    said = getattr(diag, "message_primary", None) or str(error.orig).partition("\n")[0]
    detail = None if state.startswith(OF_ROWS) else getattr(diag, "message_detail", None)
    more = f" ({'; '.join(detail.splitlines())})" if detail else ""
    hint = HINTS_OF_UNITS.get(state, getattr(diag, "message_hint", None) or "")
    return f"{said}{more}. {hint}".strip() if hint else f"{said}{more}"


def sentence_of(error: DBAPIError) -> str:
    """Return an error that ends a command as a sentence, with its remedy."""
    said = getattr(getattr(error.orig, "diag", None), "message_primary", None) or "no answer"
    hint = HINTS.get(sqlstate(error) or "", "")
    return f"Database error: {said}. {hint}".strip()
