"""Jobs that wait for a library end with the job that fails to build it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from pandadb.core.jobs import advances
from pandadb.core.jobs.ending import kills
from pandadb.models import FilesTable4, JediDatasetContents, JobsArchived4
from tests.factories import ROW_IDS, make_job, make_task, make_task_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LIBRARY = "user.a.lib.tgz"


def give(session: Session, pandaid: int, role: str, lfn: str = LIBRARY) -> int:
    session.add(FilesTable4(row_id=next(ROW_IDS), pandaid=pandaid, type=role, lfn=lfn))
    session.flush()
    return pandaid


def make_build(session: Session, state: str = "running", label: str = "panda") -> int:
    build = make_job(session, state, prodsourcelabel=label)
    return give(session, give(session, build, "output"), "log", "build.log")


@pytest.mark.parametrize("state", ["pending", "defined", "waiting", "assigned"])
def test_jobs_that_wait_for_a_library_are_cancelled_when_its_job_fails(
    session: Session, state: str
) -> None:
    waiting = give(session, make_job(session, state, prodsourcelabel="user"), "input")
    give(session, waiting, "output", "x.root")
    other = give(session, make_job(session, state, prodsourcelabel="user"), "input", "b.lib.tgz")
    builds = [make_build(session), make_build(session)]

    moved = advances.advance(session, "fail", builds, host="here")

    assert moved.merged == {waiting: "cancelled"}
    job = session.scalars(select(JobsArchived4).where(JobsArchived4.pandaid == waiting)).one()
    assert (job.jobstatus, job.taskbuffererrorcode) == ("cancelled", 100)
    assert job.taskbuffererrordiag == "The job that was to build its library has failed"
    files = select(FilesTable4.status).where(
        FilesTable4.pandaid == waiting, FilesTable4.type == "output"
    )
    assert session.scalar(files) == "failed"
    assert other not in moved.merged


def test_the_inputs_of_a_job_without_its_library_come_back(session: Session) -> None:
    make_task(session, 7, files=1)
    waiting = make_task_job(session, 7, 0, "assigned", prodsourcelabel="user")
    give(session, waiting, "input")

    advances.advance(session, "fail", [make_build(session)], host="here")

    back = session.get_one(JediDatasetContents, (7, 70, 0), populate_existing=True)
    assert (back.status, back.attemptnr, back.failedattempt) == ("ready", 1, 0)


@pytest.mark.parametrize("state", ["activated", "running"])
def test_jobs_that_are_activated_go_on(session: Session, state: str) -> None:
    give(session, make_job(session, state, prodsourcelabel="user"), "input")

    assert advances.advance(session, "fail", [make_build(session)], host="here").merged == {}


def test_only_a_build_job_that_fails_takes_others_with_it(session: Session) -> None:
    waiting = give(session, make_job(session, "defined"), "input")

    assert advances.advance(session, "finish", [make_build(session)], host="h").merged == {}
    assert (
        advances.advance(session, "fail", [make_build(session, label="user")], host="h").merged
        == {}
    )
    build = make_build(session, "activated")
    assert kills.kill(session, [build], code=9, by="ann", host="here").merged == {}
    assert advances.advance(session, "fail", [make_build(session)], host="h").merged == {
        waiting: "cancelled"
    }


def test_a_job_that_ends_with_its_build_job_is_not_refused_beside(session: Session) -> None:
    waiting = give(session, make_job(session, "pending"), "input")
    build = make_build(session)

    moved = advances.advance(session, "fail", [build, waiting], host="here")

    assert (moved.jobs, moved.refused, moved.merged) == (
        {build: "failed"}, {}, {waiting: "cancelled"},
    )  # fmt: skip
