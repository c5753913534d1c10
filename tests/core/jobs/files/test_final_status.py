"""What state the files of a job have when it has ended, by the way in which it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from pandadb.core.jobs import advances
from pandadb.core.jobs.ending import kills
from pandadb.models import FilesTable4
from tests.factories import ROW_IDS, make_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

BEFORE = {
    "in": ("input", "ready"), "out": ("output", "unknown"), "part": ("output", "merging"),
    "none": ("output", "nooutput"), "log": ("log", "ready"),
}  # fmt: skip


def make(session: Session, state: str) -> int:
    """Make a job with files of several states, each named by its role."""
    job = make_job(session, state)
    for lfn, (role, status) in BEFORE.items():
        row_id = next(ROW_IDS)
        session.add(FilesTable4(row_id=row_id, pandaid=job, type=role, lfn=lfn, status=status))
    session.flush()
    return job


def states(session: Session, pandaid: int) -> list[str | None]:
    found = select(FilesTable4.lfn, FilesTable4.status).where(FilesTable4.pandaid == pandaid)
    after = dict(session.execute(found).all())
    return [after[lfn] for lfn in BEFORE]


def test_outputs_fail_with_their_job_but_those_to_be_merged_or_never_made(
    session: Session,
) -> None:
    job = make(session, "holding")

    advances.advance(session, "fail", [job], host="here")

    assert states(session, job) == ["ready", "failed", "merging", "nooutput", "failed"]


@pytest.mark.parametrize("state", ["merging", "activated", "holding"])
def test_all_outputs_of_a_job_that_is_killed_fail(session: Session, state: str) -> None:
    job = make(session, state)

    kills.kill(session, [job], code=9, by="ann", host="here")

    assert states(session, job) == ["ready", "failed", "failed", "failed", "failed"]


@pytest.mark.parametrize("end", ["finished", "failed", "cancelled", "closed"])
def test_all_files_of_a_merging_job_end_as_the_job_that_merges(session: Session, end: str) -> None:
    job = make(session, "merging")

    advances.advance(session, "merged", [job], host="here", target=end)

    assert states(session, job) == [end, end, end, "nooutput", end]
