"""SQL expressions that many statements share: the time, and constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, String, func, literal_column

from pandadb.models.types import Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable


def now() -> ColumnElement[Any]:
    """Return the time (UTC) at which the statement began, by the database's clock."""
    return literal_column("(statement_timestamp() AT TIME ZONE 'UTC')", Timestamp())


def interval(seconds: Any) -> ColumnElement[Any]:
    """Return a length of time: of a number of seconds, or of a column or parameter with it."""
    return func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def constant(word: str) -> ColumnElement[Any]:
    """Return a word of pandadb's own as a literal, which the planner sees; never a caller's."""
    return literal_column(f"'{word}'", String())


def constants(words: Iterable[str | int]) -> list[ColumnElement[Any]]:
    """Return words or numbers of pandadb's own as literals."""
    return [constant(w) if isinstance(w, str) else literal_column(str(w)) for w in words]
