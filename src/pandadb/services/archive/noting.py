"""Notes of what the archive's partitions have, brought up to date after they have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.archive import ranges
from pandadb.services.archive.reading import be_slow
from pandadb.services.grants import act_as_owner

if TYPE_CHECKING:
    from pandadb.database import Database


def note(database: Database) -> int:
    """Note which PandaIDs the partitions have that are new; return how many these are."""
    with database.session() as session:
        act_as_owner(session.connection(), local=True)
        be_slow(session)
        return ranges.refresh(session)
