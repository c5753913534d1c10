"""Archive files that merge jobs cannot read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from pandadb.core.events.reports import corruptions
from pandadb.core.events.states import EventStatus as Is
from pandadb.core.jobs.heartbeats import Heartbeat, beat
from pandadb.models import FilesTable4, JobsArchived
from tests.event_tasks import (
    JOBSET,
    TASK,
    holders,
    make_consumer,
    make_event_task,
    make_ranges,
)
from tests.factories import ROW_IDS, make_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MERGE = {"specialhandling": "esmerge", "eventservice": 2}
WRITER, OTHER = 900, 901


def make_merge(session: Session, *corrupted: str) -> int:
    """Make a merge job that has reported files."""
    merge = make_consumer(session, "running", **MERGE)
    beat(session, [Heartbeat(merge, "running", corrupted_files=corrupted)], "here")
    return merge


def make_archive_file(session: Session, pandaid: int, lfn: str) -> int:
    row_id = next(ROW_IDS)
    session.add(
        FilesTable4(row_id=row_id, pandaid=pandaid, lfn=lfn, type="zipoutput", status="ready")
    )
    session.flush()
    return row_id


def test_a_merge_job_notes_each_file_once(session: Session) -> None:
    make_event_task(session, 0)
    merge = make_merge(session, "a.zip", " b.zip ", "")
    beat(session, [Heartbeat(merge, "running", corrupted_files=["a.zip", "c.zip"])], "here")

    columns = (FilesTable4.lfn, FilesTable4.status, FilesTable4.jeditaskid)
    noted = select(*columns).where(FilesTable4.type == "zipinput").order_by(FilesTable4.lfn)
    assert session.execute(noted).all() == [
        (name, "corrupted", TASK) for name in ("a.zip", "b.zip", "c.zip")
    ]


def test_other_jobs_note_nothing(session: Session) -> None:
    make_event_task(session, 0)
    job = make_consumer(session)

    beat(session, [Heartbeat(job, "running", corrupted_files=["a.zip"])], "here")

    assert session.scalars(select(FilesTable4).filter_by(type="zipinput")).all() == []


def test_done_ranges_in_the_file_are_corrupted(session: Session) -> None:
    row_id = make_archive_file(session, WRITER, "a.zip")
    make_event_task(session, 1, pandaid=WRITER, status=Is.DONE, ziprow_id=row_id)
    make_ranges(session, 1, pandaid=WRITER, fileid=2, status=Is.DONE, ziprow_id=5)
    make_ranges(session, 1, pandaid=OTHER, fileid=3, status=Is.DONE)
    make_ranges(session, 1, pandaid=WRITER, fileid=4, status=Is.FAILED, ziprow_id=row_id)
    merge = make_merge(session, "a.zip")

    assert corruptions.corrupt(session, [merge]) == 1
    assert corruptions.corrupt(session, [merge]) == 0
    assert holders(session)[1][1] != Is.READY
    assert corruptions.corrupt(session, []) == 0


@pytest.mark.parametrize(
    ("metrics", "number"),
    [("x=1 outputZipName=a.zip y=2", 1), ("outputZipName=a.zip2", 0), ("outputZipName=aXzip", 0)],
)
def test_files_without_a_row_are_found_by_the_metrics_of_jobs_of_the_input(
    session: Session, metrics: str, number: int
) -> None:
    make_event_task(session, 2, pandaid=WRITER, status=Is.DONE)
    ended = {"modificationtime": datetime.now(UTC).replace(tzinfo=None)}
    make_job(session, "merging", jobmetrics="outputZipName=a.zip")  # not in the archive
    make_job(session, "closed", WRITER, jobmetrics=metrics, **ended)
    merge = make_merge(session, "a.zip")

    assert corruptions.corrupt(session, [merge]) == 2 * number


@pytest.mark.parametrize(("days", "number"), [(89, 1), (91, 0)])
def test_jobs_in_the_archive_are_looked_at_for_90_days(
    session: Session, days: int, number: int
) -> None:
    """The server looks at those of one second, 90 days ago."""
    make_event_task(session, 1, pandaid=WRITER, status=Is.DONE)
    when = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=days)
    values = {"jobmetrics": "outputZipName=a.zip", "modificationtime": when}
    session.add(JobsArchived(pandaid=WRITER, jobstatus="closed", **values))
    session.flush()
    merge = make_merge(session, "a.zip")

    assert corruptions.corrupt(session, [merge]) == number
    assert JOBSET not in {one[0] for one in holders(session).values()}
