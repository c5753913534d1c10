"""Queues and groups at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.queue.upkeep import backlogs, summaries
from pandadb.core.queue.upkeep import problems as upkeep
from pandadb.core.sql.validation import check_text

if TYPE_CHECKING:
    from pandadb.core.queue.upkeep.backlogs import Backlog
    from pandadb.core.queue.upkeep.summaries import GroupState, QueueDepth
    from pandadb.database import Database


def queues(database: Database) -> list[QueueDepth]:
    """Return the queues that have jobs or workers: how many wait and run, and since when."""
    with database.transaction() as connection:
        return summaries.queues(connection)


def problems(database: Database) -> list[str]:
    """Return a sentence for each problem that needs a person, with the remedy."""
    with database.transaction() as connection:
        return upkeep.problems(connection)


def backlog(database: Database) -> Backlog:
    """Return the leases and events that wait, and for how many seconds."""
    with database.transaction() as connection:
        return backlogs.read(connection)


def groups(database: Database, group_key: str | None = None) -> list[GroupState]:
    """Return groups by name, or one: its limit, and the jobs with a place and without.

    Raises:
        InvalidValue: The name is no text.
    """
    if group_key is not None:
        check_text("group", group_key)
    with database.transaction() as connection:
        return summaries.group_states(connection, group_key)
