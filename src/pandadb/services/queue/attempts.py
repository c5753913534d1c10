"""Calls of the job queue that are made again if the server has ended them for another's sake."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError

from pandadb.core.control.locks import ControlLocked
from pandadb.database.retry import backoff, retry
from pandadb.errors import sqlstate

if TYPE_CHECKING:
    from collections.abc import Callable

Given = ParamSpec("Given")
Result = TypeVar("Result")

DEADLOCK_DETECTED = "40P01"
FIRST_PAUSE, RETRIES = 0.05, 4


def repeated(call: Callable[Given, Result]) -> Callable[Given, Result]:
    """Make a call of one transaction again, after a pause, if it met another one midway.

    Verbs of the queue lock in one order. Others that end its jobs, such as a pilot's report, do
    not: PostgreSQL then ends one of two transactions, or it does not wait (`ControlLocked`).
    Nothing of it has happened, so the whole is done again.
    """

    @wraps(call)
    def attempts(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        return retry(lambda _: call(*args, **kwargs), _met_another, backoff(FIRST_PAUSE, RETRIES))

    return attempts


def _met_another(error: Exception) -> bool:
    if isinstance(error, DBAPIError):
        return sqlstate(error) == DEADLOCK_DETECTED
    return isinstance(error, ControlLocked)
