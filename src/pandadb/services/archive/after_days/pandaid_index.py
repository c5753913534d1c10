"""The PandaID index of the archive's partitions, brought up to date after changes."""

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
    """Index the PandaIDs of new partitions; those that are locked are left to the next run.

    An error is returned, not raised: the transfer is committed, and the index is only a hint.
    """
    failed: list[Failure] = []
    with isolated(failed, "PandaID index of the archive's partitions"):
        try:
            with database.session() as session:
                act_as_owner(session.connection(), local=True)
                lift_timeouts(session)
                pandaid_index.refresh(session)
        except DBAPIError as error:
            if not is_busy(error):
                raise
    return failed
