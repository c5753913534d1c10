"""Sequences that are behind their tables: found, and mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from pandadb.core.sql import sequences
from pandadb.core.sql.sequences import Behind
from pandadb.services.stamps import refuse_other_names

if TYPE_CHECKING:
    from pandadb.database import Database

__all__ = ["Behind", "fix"]

LOCK_SEQUENCES = text("SELECT pg_advisory_xact_lock(hashtext('pandadb sequences'))")


def fix(database: Database, *, dry_run: bool = False) -> list[Behind]:
    """Let each sequence go on above the numbers of its tables; return those that were behind.

    It is idempotent. Stop what submits jobs while it runs: a number that is drawn meanwhile may be
    one that a table has.

    Raises:
        MigrationError: The settings give schemas other names.
    """
    refuse_other_names(database)
    with database.session() as session:
        session.execute(LOCK_SEQUENCES)
        found = sequences.behind(session, thorough=True)
        for one in [] if dry_run else found:
            sequences.raise_to(session, one.sequence, one.highest)
    return found
