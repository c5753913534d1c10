"""The limit of active tasks of a user, by label, in the table CONFIG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pandadb.core.jobs.ending.server_config import InvalidSetting
from pandadb.core.sql.transaction import connection_of
from pandadb.models import Config, JediTasks

if TYPE_CHECKING:
    from pandadb.core.sql.transaction import Transaction

TASK = JediTasks.__table__.c
ACTIVE = ("registered", "defined", "ready", "scouting", "running", "paused", "throttled")
"""States of tasks that count."""
PREFIX = "MAX_ACTIVE_TASKS_PER_USER_"


def exceeded(session: Transaction, label: str, user: str) -> str | None:
    """Return a sentence if a user has more active tasks with a label than the limit.

    Raises:
        InvalidSetting: The limit is no whole number.
    """
    limit = _limit(session, PREFIX + label)
    if limit is None:
        return None
    counted = select(func.count()).where(
        TASK.prodsourcelabel == label, TASK.username == user, TASK.status.in_(ACTIVE)
    )
    number = connection_of(session).scalar(counted) or 0
    if number <= limit:
        return None
    return (
        f"The user {user} has {number} active tasks with the label {label}; the limit is {limit}."
    )


def _limit(session: Transaction, key: str) -> int | None:
    """Return the limit; where several VOs set it, the largest counts."""
    query = (
        select(Config.value)
        .where(Config.app == "pandaserver", Config.component == "dbproxy", Config.key == key)
        .where(Config.value.is_not(None))
    )
    values = [*connection_of(session).scalars(query)]
    try:
        return max((int(value) for value in values), default=None)
    except ValueError:
        raise InvalidSetting(
            f"CONFIG says {values} for dbproxy/{key}: whole numbers are needed"
        ) from None
