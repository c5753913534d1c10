"""Sequences found, and one with its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.workflows import search
from pandadb.core.workflows.search import SequenceFilter

if TYPE_CHECKING:
    from pandadb.core.workflows.search import SequenceRun, StepRun
    from pandadb.database import Database

ALL = SequenceFilter()


def find(
    database: Database,
    chosen: SequenceFilter = ALL,
    *,
    limit: int = 100,
    after: int | None = None,
) -> list[SequenceRun]:
    """Return sequences that match, the newest first; `after` is the last of the page before.

    Raises:
        InvalidValue: `limit` is not from 1 to 100,000.
    """
    with database.transaction() as connection:
        return search.find(connection, chosen, limit=limit, after=after)


def get(database: Database, workflow_id: int) -> tuple[SequenceRun, list[StepRun]]:
    """Return a sequence with its steps, in the order of their begins.

    Raises:
        SequenceNotFound: There is none with this number.
    """
    with database.transaction() as connection:
        return search.get(connection, workflow_id)
