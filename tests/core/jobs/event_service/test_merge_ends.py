"""Jobs that merge events end, and the consumers of these events with them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core.events.states import EventStatus as Is
from pandadb.models import JediDatasetContents, JediEvents, JobsActive4, JobsArchived, JobsArchived4
from tests.core.jobs.event_service.test_consumer_ends import (
    begin,
    end,
    ended,
    input_file,
    take,
)
from tests.event_tasks import holders
from tests.factories import make_copy

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def merge(session: Session, **columns: Any) -> tuple[int, int]:
    """Let a consumer process all; return it, and the merge job, which runs."""
    (job,) = begin(session, **columns)
    take(session, job, Is.FINISHED, 1, 2, 3, 4, objstore_id=1)
    new = end(session, "finish", job).follow[job]
    set_running(session, new)
    return job, new


def set_running(session: Session, job: int) -> None:
    session.execute(
        update(JobsActive4).where(JobsActive4.pandaid == job).values(jobstatus="running")
    )


def test_events_are_merged_and_their_consumers_finish(session: Session) -> None:
    job, new = merge(session)

    end(session, "finish", new)

    assert ended(session, new) == ("finished", None, 0)
    assert ended(session, job) == ("finished", "es_merge", 112)
    assert {status for _, status, _ in holders(session).values()} == {Is.MERGED}
    assert {*session.scalars(select(JediEvents.file_not_deleted))} == {"Y"}
    assert (input_file(session).status, input_file(session).attemptnr) == ("finished", 1)


def test_with_a_failed_merge_its_consumers_fail_and_the_file_is_tried_again(
    session: Session,
) -> None:
    job, new = merge(session)

    end(session, "fail", new, piloterrorcode=1305)

    assert ended(session, job) == ("failed", "es_merge_failed", 112)
    assert {status for _, status, _ in holders(session).values()} == {Is.DISCARDED}
    file = input_file(session)
    assert (file.status, file.attemptnr, file.failedattempt) == ("ready", 1, 1)


def test_events_of_a_failed_merge_are_kept_where_the_job_says_so(session: Session) -> None:
    job, new = merge(session, specialhandling="eventservice,de")

    end(session, "fail", new, piloterrorcode=1305)

    assert ended(session, job) == ("merging", "es_merge", 112)
    assert {status for _, status, _ in holders(session).values()} == {Is.DONE}


@pytest.mark.parametrize("change", [{"status": "ready"}, {"attemptnr": 1}, {"status": "finished"}])
def test_a_merge_of_input_that_is_not_its_own_any_more_has_failed(
    session: Session, change: dict[str, Any]
) -> None:
    job, new = merge(session)
    session.execute(
        update(JediDatasetContents).where(JediDatasetContents.datasetid == 70).values(**change)
    )

    assert end(session, "finish", new).jobs == {new: "failed"}
    assert ended(session, new) == ("failed", None, 124)
    assert ended(session, job) == ("failed", "es_merge_failed", 112)


def test_consumers_in_the_archive_change_too_if_they_are_not_old(session: Session) -> None:
    job, new = merge(session)
    make_copy(session, job)
    old = select(JobsArchived).where(JobsArchived.pandaid == job)

    end(session, "finish", new)

    copy = session.scalars(old, execution_options={"populate_existing": True}).one()
    assert (copy.jobstatus, ended(session, job)[0]) == ("finished", "finished")
    assert f"Job {new}" in (copy.taskbuffererrordiag or "")


def test_consumers_that_ended_long_ago_are_left_alone(session: Session) -> None:
    job, new = merge(session)
    session.execute(
        update(JobsArchived4)
        .where(JobsArchived4.pandaid == job)
        .values(modificationtime=JobsArchived4.modificationtime - timedelta(days=91))
    )

    end(session, "finish", new)

    assert ended(session, job) == ("merging", "es_merge", 112)


def test_a_merge_that_its_pilot_has_tried_again_decides_nothing(session: Session) -> None:
    job, new = merge(session)

    end(session, "fail", new, taskbuffererrorcode=107)

    assert ended(session, job) == ("merging", "es_merge", 112)
