"""Jobs that are new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core import submission
from pandadb.services.jobs.verbs import USUAL, How, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.core.submission import NewJob
    from pandadb.database import Database


def submit(
    database: Database, jobs: Sequence[NewJob], *, jobstatus: str = "defined", how: How = USUAL
) -> list[int]:
    """Submit jobs with their files, parameters and metadata, all or none; return their PandaIDs.

    They begin as `defined`; those of JEDI as `pending`, those that lack an input as `waiting`.

    Raises:
        BadValue: A column is unknown or a value does not fit it; the sentence names the job.
    """
    with transaction(database, how) as session:
        return submission.submit(session, jobs, jobstatus, how.host)
