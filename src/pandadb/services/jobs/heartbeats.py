"""What pilots say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.jobs import heartbeats
from pandadb.services.jobs.verbs import USUAL, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.jobs.heartbeats import Answer, Heartbeat
    from pandadb.database import Database


def heartbeat(
    database: Database, beats: Sequence[Heartbeat], how: VerbOptions = USUAL
) -> dict[int, Answer]:
    """Take what pilots say of their jobs; return for each job what its pilot is told.

    A pilot that reports finished or failed leaves the job holding, until somebody has worked on its
    report and says `finish` or `fail`.

    Raises:
        InvalidValue: What is given are no heartbeats. One that is malformed is refused by itself.
    """
    with transaction(database, how) as connection:
        return heartbeats.beat(connection, beats, how.host)
