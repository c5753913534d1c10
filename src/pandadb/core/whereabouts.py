"""Jobs looked up by their PandaIDs, in whichever table they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import union_all

from pandadb.core.archive.searching import search
from pandadb.core.arrays import is_among
from pandadb.core.tables import JOB_TABLES
from pandadb.models import JobsArchived

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from pandadb.core.tables import JobTable

    Look = Callable[[JobTable], Select[*tuple[Any, ...]]]

BEFORE_THE_ARCHIVE = tuple(job for job in JOB_TABLES if job is not JobsArchived)


def rows(
    session: Session, pandaids: Collection[int], look: Look
) -> dict[int, Row[*tuple[Any, ...]]]:
    """Return a row of each job that some table has, as `look` selects it, with its `pandaid`.

    The archive is asked for jobs that no other table has. What it lacks may have been on its way
    back, so it is looked for once more.
    """
    found = live(session, pandaids, look)
    if missing := {*pandaids} - found.keys():
        archived = search(session, JobsArchived, missing, look(JobsArchived))
        found |= {row.pandaid: row for row in archived}
    if missing := missing - found.keys():
        found |= live(session, missing, look)
    return found


def live(
    session: Session, pandaids: Collection[int], look: Look
) -> dict[int, Row[*tuple[Any, ...]]]:
    """Return jobs from the tables before the archive: at one moment, as they move."""
    each = (look(job).where(is_among(job.pandaid, pandaids)) for job in BEFORE_THE_ARCHIVE)
    return {row.pandaid: row for row in session.execute(union_all(*each))}
