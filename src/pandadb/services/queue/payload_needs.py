"""The needs of payloads, and the tails of their output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.queue import payload_needs as rows
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.queue.leases import Lease
    from pandadb.core.queue.payload_needs import PayloadNeeds
    from pandadb.database import Database


def payload_needs(database: Database, held: Sequence[Lease]) -> dict[int, PayloadNeeds]:
    """Return the needs of payloads beside their parameters: limits, resources, names of outputs.

    A job that has ended meanwhile is missing.
    """
    with database.transaction() as connection:
        return rows.payload_needs(connection, held)


def store_tails(
    database: Database, tails: Sequence[tuple[Lease, str]], options: VerbOptions = DEFAULT_OPTIONS
) -> None:
    """Store the last output of payloads in JOBSDEBUG; of lost leases nothing is stored."""
    if not tails:
        return
    with transaction(database, options) as connection:
        rows.store_tails(connection, tails)
