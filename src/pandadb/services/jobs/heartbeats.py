"""Heartbeats of pilots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.jobs import heartbeats
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.jobs.heartbeats import Answer, Heartbeat
    from pandadb.database import Database


def heartbeat(
    database: Database, beats: Sequence[Heartbeat], options: VerbOptions = DEFAULT_OPTIONS
) -> dict[int, Answer]:
    """Process heartbeats; return the answer to the pilot of each job.

    A pilot that reports finished or failed leaves the job holding, until its report is processed
    and `finish` or `fail` is called.

    Raises:
        InvalidValue: The argument is no list of heartbeats. A malformed one is refused by itself.
    """
    with transaction(database, options) as connection:
        return heartbeats.beat(connection, beats, options.host)
