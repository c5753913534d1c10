"""JEDI_AUX_STATUS_MINTASKID, refreshed: JEDI's agents find tasks by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.tasks import min_task_ids
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from pandadb.database import Database


def refresh_min_task_ids(database: Database, options: VerbOptions = DEFAULT_OPTIONS) -> int:
    """Set the lowest task of each state; return how many rows have changed."""
    with transaction(database, options) as connection:
        return min_task_ids.refresh(connection)
