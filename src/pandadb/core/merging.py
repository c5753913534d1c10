"""Jobs whose outputs others merge: they wait in `merging`, and end with the last of those."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select

from pandadb.core import arrays
from pandadb.core.outcomes import OUTPUTS, same_file
from pandadb.models import FilesTable4, JediDatasetContents, JobsActive4
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

VERBS = {"finished": "finish", "failed": "fail", "cancelled": "kill", "closed": "close"}
"""What a merging job does when the job that was to merge its outputs has ended so."""

UNMERGED = ("defined", "ready", "picked", "running")
"""States of an output that a job has yet to merge."""


def ending(session: Session, pandaids: Sequence[int], target: str) -> list[int]:
    """Return which of the jobs end now that a job has ended that was to merge outputs of them.

    Those are the ones in `merging`; if it has succeeded, those of which no other output waits.
    """
    return [*session.scalars(_ending(target == "finished"), {"pandaids": [*pandaids]})]


@cache
def _ending(only_complete: bool) -> Select[Any]:
    job = JobsActive4.__table__.c
    query = select(job.pandaid).where(arrays.is_given(job.pandaid), job.jobstatus == "merging")
    return (query.where(~_waits()) if only_complete else query).order_by(job.pandaid)


def _waits() -> Any:
    """Tell whether another output of a job is still to be merged."""
    job, file, contents = (
        model.__table__.c for model in (JobsActive4, FilesTable4, JediDatasetContents)
    )
    return (
        exists()
        .where(
            file.pandaid == job.pandaid,
            file.modificationtime == EPOCH,
            file.type.in_(OUTPUTS),
            same_file(contents, file),
            contents.boundaryid == job.pandaid,
            contents.status.in_(UNMERGED),
        )
        .correlate(JobsActive4.__table__)
    )
