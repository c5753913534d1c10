"""Regular expressions of a filter: read by PostgreSQL before the search, and bounded in time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import func, literal, select
from sqlalchemy.exc import DBAPIError

from pandadb.core.jobs.search.job_filters import criteria
from pandadb.core.sql.validation import InvalidValue
from pandadb.errors import PandaDBError, sqlstate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.core.jobs.search.filters import Filter
    from pandadb.core.sql.transaction import Transaction

INVALID_REGULAR_EXPRESSION = "2201B"
QUERY_CANCELED = "57014"
DEFAULT_TIMEOUT = "60s"
"""The limit of a search by a regular expression, where `statement_timeout` sets none."""


class SearchTimeout(PandaDBError):
    """A search by a regular expression that took longer than the statement timeout."""


@contextmanager
def bounded(session: Transaction, chosen: Filter) -> Iterator[None]:
    """Check the regular expressions of a filter, and limit the time of the search in the block.

    Raises:
        InvalidValue: One is malformed. The transaction can only be rolled back.
        SearchTimeout: The search took too long. The transaction can only be rolled back.
    """
    named = [("error", text) for text in criteria.regexes(chosen.criterion)]
    if chosen.errortext is not None:
        named.append(("errortext", chosen.errortext))
    if not named:
        yield
        return
    for name, text in named:
        _check(session, name, text)
    before = session.scalar(select(func.current_setting("statement_timeout")))
    if before == "0":
        _set_timeout(session, DEFAULT_TIMEOUT)
    try:
        yield
    except DBAPIError as error:
        if sqlstate(error) != QUERY_CANCELED:
            raise
        limit = DEFAULT_TIMEOUT if before == "0" else before
        raise SearchTimeout(
            f"The search for {named[0][1]!r} in the texts of errors took longer than {limit}: "
            "add conditions that leave fewer jobs, or write a simpler regular expression"
        ) from error
    if before == "0":
        _set_timeout(session, before)


def _set_timeout(session: Transaction, limit: str) -> None:
    session.execute(select(func.set_config("statement_timeout", limit, True)))


def _check(session: Transaction, name: str, text: str) -> None:
    """Have PostgreSQL read a regular expression, even where there is nothing to compare."""
    try:
        session.execute(select(literal("").regexp_match(text)))
    except DBAPIError as error:
        if sqlstate(error) != INVALID_REGULAR_EXPRESSION:
            raise
        _, _, said = str(error.orig).partition(": ")
        raise InvalidValue(f"{name} {text!r} is no regular expression: {said}") from None
