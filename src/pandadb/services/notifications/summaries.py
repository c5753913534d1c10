"""Summaries of job sets and tasks, and the numbers of those of a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.notifications import recent, summaries
from pandadb.core.sql.validation import InvalidValue, check_text

if TYPE_CHECKING:
    from pandadb.core.notifications.summaries import JobSummary
    from pandadb.core.notifications.targets import Target
    from pandadb.database import Database

MAX_DAYS = 36_500


def summary(database: Database, target: Target) -> JobSummary | None:
    """Return the summary of a job set or a task; None if there is none.

    Of one that has not ended the numbers of jobs are given, and nothing about their files.
    """
    with database.transaction() as connection:
        return summaries.read(connection, target)


def running(database: Database, username: str) -> list[Target]:
    """Return the job sets of a user, and tasks without one, with a job that has not ended.

    Raises:
        InvalidValue: The user is no text.
    """
    check_text("username", username)
    with database.transaction() as connection:
        return recent.running(connection, username)


def frozen(database: Database, username: str, days: float = 3) -> list[JobSummary]:
    """Return the job sets and tasks of a user that have ended in so many days, by their ends.

    Raises:
        InvalidValue: The user is no text, or the days are none.
    """
    check_text("username", username)
    if not 0 <= days <= MAX_DAYS:
        raise InvalidValue(f"days has to be from 0 to {MAX_DAYS}, not {days!r}")
    with database.transaction() as connection:
        found = [
            summaries.read(connection, one) for one in recent.ended(connection, username, days)
        ]
    ended = [one for one in found if one is not None and one.is_ended and one.ended]
    return sorted(ended, key=lambda one: (one.ended, one.number))
