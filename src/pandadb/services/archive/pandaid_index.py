"""Notes of what the archive's partitions have, brought up to date after they have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from pandadb.core.archive.lookup import pandaid_index
from pandadb.services.archive.transactions import lift_timeouts
from pandadb.services.failures import isolated
from pandadb.services.grants import act_as_owner
from pandadb.services.lockwaits import is_busy

if TYPE_CHECKING:
    from pandadb.database import Database
    from pandadb.services.failures import Failure


def note(database: Database) -> list[Failure]:
    """Note which PandaIDs the partitions have that are new; the next time if one is locked.

    An error is returned, not raised: what has gone has gone, and the notes are only hints.
    """
    failed: list[Failure] = []
    with isolated(failed, "notes of which PandaIDs the partitions of the archive have"):
        try:
            with database.session() as session:
                act_as_owner(session.connection(), local=True)
                lift_timeouts(session)
                pandaid_index.refresh(session)
        except DBAPIError as error:
            if not is_busy(error):
                raise
    return failed
