"""Jobs with outputs for merge jobs: they wait in `merging`, and end with the last of those."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select, update

from pandadb.core.jobs.files.file_status import INPUTS, OUTPUTS, same_file
from pandadb.core.sql import id_arrays
from pandadb.models import FilesTable4, JediDatasetContents, JobsActive4
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select, Update

    from pandadb.core.sql.transaction import Transaction

JOB, FILE, CONTENTS = (
    model.__table__.c for model in (JobsActive4, FilesTable4, JediDatasetContents)
)

MERGE_FAILED = 113
"""The `taskbuffererrorcode` of a job with outputs that will not be merged."""

MERGEABLE_FILES = ("defined", "ready", "picked", "running")
"""States of an output that a job has yet to merge."""


def ending(session: Transaction, pandaids: Sequence[int], target: str) -> list[int]:
    """Return the jobs that end now that a merge job of their outputs has ended.

    These are the ones in `merging`; after a success, those without another output that waits.
    """
    return [*session.scalars(_ending(target == "finished"), {"pandaids": [*pandaids]})]


def values(target: str) -> dict[str, Any]:
    """Return the columns of a merging job that ends since its merge job has ended so."""
    if target == "finished":
        return {}
    return {
        "jobsubstatus": f"merge_{target}",
        "taskbuffererrorcode": MERGE_FAILED,
        "taskbuffererrordiag": f"The job that was to merge its outputs is {target}",
    }


def give_up(session: Transaction, pandaids: Sequence[int]) -> None:
    """Use up the attempts of the inputs of merge jobs (semantics 2.9)."""
    if pandaids:
        session.execute(_given_up(), {"pandaids": [*pandaids]})


@cache
def _given_up() -> Update:
    return (
        update(JediDatasetContents.__table__)
        .where(
            id_arrays.is_given(FILE.pandaid),
            FILE.modificationtime == EPOCH,
            FILE.type.in_(INPUTS),
            same_file(CONTENTS, FILE),
            CONTENTS.attemptnr == FILE.attemptnr,
            CONTENTS.keeptrack == 1,
        )
        .values(maxattempt=CONTENTS.attemptnr - 1)
    )


@cache
def _ending(only_complete: bool) -> Select[Any]:
    query = select(JOB.pandaid).where(id_arrays.is_given(JOB.pandaid), JOB.jobstatus == "merging")
    return (query.where(~_waits()) if only_complete else query).order_by(JOB.pandaid)


def _waits() -> Any:
    """Return whether another output of a job is still to be merged."""
    return (
        exists()
        .where(
            FILE.pandaid == JOB.pandaid,
            FILE.modificationtime == EPOCH,
            FILE.type.in_(OUTPUTS),
            same_file(CONTENTS, FILE),
            CONTENTS.boundaryid == JOB.pandaid,
            CONTENTS.status.in_(MERGEABLE_FILES),
        )
        .correlate(JobsActive4.__table__)
    )
