"""Retries as new jobs: what is carried over, what is not, and what is not tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core import lives
from pandadb.core.reattempts import again, same
from pandadb.core.refusals import Reason
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediDatasets,
    JediJobRetryHistory,
    JobParamsTable,
    JobsActive4,
    JobsArchived4,
    JobsStatusLog,
    MetaTable,
)
from tests.factories import make_job, make_satellites, make_task, make_task_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def fail(session: Session, pandaid: int, verb: str = "fail") -> None:
    assert lives.advance(session, verb, [pandaid], host="here").jobs


def retried(session: Session, pandaid: int) -> int:
    done = again(session, [pandaid], "here")
    assert done.refused == {}
    return done.jobs[pandaid]


def refused(session: Session, pandaid: int) -> tuple[Reason, str]:
    done = again(session, [pandaid], "here")
    assert done.jobs == {}
    return done.refused[pandaid].reason, done.refused[pandaid].sentence


def counters(session: Session, datasetid: int) -> tuple[Any, ...]:
    dataset = session.get_one(JediDatasets, (7, datasetid), populate_existing=True)
    return (dataset.nfilesused, dataset.nfilesfailed or 0)


def test_the_new_job_is_the_old_one_without_its_end(session: Session) -> None:
    old = make_job(
        session, "running", computingsite="CERN", currentpriority=50, attemptnr=1, maxpss=7,
        piloterrorcode=1305, piloterrordiag="x", batchid="b.1", meancorecount=7.5, jeditaskid=9,
    )  # fmt: skip
    fail(session, old)

    new = retried(session, old)

    job = session.get_one(JobsActive4, new)
    assert (job.jobstatus, job.parentid, job.attemptnr, job.currentpriority) == (
        "activated", old, 2, 40,
    )  # fmt: skip
    assert (job.piloterrorcode, job.piloterrordiag, job.batchid) == (0, None, None)
    assert (job.starttime, job.endtime) == (None, None)
    assert (job.computingsite, float(job.meancorecount or 0)) == ("CERN", 7.5)
    assert job.creationtime == job.modificationtime == job.statechangetime
    log = select(JobsStatusLog.jobstatus).where(JobsStatusLog.pandaid == new)
    assert session.scalars(log).all() == ["activated"]
    history = select(JediJobRetryHistory.oldpandaid, JediJobRetryHistory.relationtype).where(
        JediJobRetryHistory.newpandaid == new
    )
    assert session.execute(history).all() == [(old, "retry")]


def test_the_old_job_says_that_it_is_replaced_and_is_not_tried_twice(session: Session) -> None:
    old = make_job(session, "running")
    fail(session, old)
    new = retried(session, old)

    job = session.scalars(select(JobsArchived4).where(JobsArchived4.pandaid == old)).one()
    assert (job.taskbuffererrorcode, job.taskbuffererrordiag) == (106, f"Tried again as job {new}")
    assert refused(session, old) == (Reason.GUARD, f"Job {old} has been tried again already")


def test_what_belongs_to_a_job_comes_with_it(session: Session) -> None:
    old = make_job(session, "running")
    make_satellites(session, old)
    lfn = update(FilesTable4).where(FilesTable4.type == "output")
    session.execute(lfn.values(lfn="out.root"))
    session.execute(update(JobParamsTable).values(jobparameters="--output out.root"))
    fail(session, old)

    for name in ("out.root.0", "out.root.1"):
        new = retried(session, old)
        mine = select(FilesTable4.type, FilesTable4.lfn, FilesTable4.status)
        mine = mine.where(FilesTable4.pandaid == new).order_by(FilesTable4.row_id)
        assert session.execute(mine).all() == [
            ("input", None, "unknown"), ("output", name, "unknown"), ("log", None, "unknown"),
        ]  # fmt: skip
        texts = select(JobParamsTable.jobparameters).where(JobParamsTable.pandaid == new)
        assert session.scalar(texts) == f"--output {name}"
        fail(session, new, "kill")
        old = new
    assert session.scalars(select(MetaTable.metadata_)).all() == ["{}"] * 3


def test_files_of_a_task_are_used_again_and_counted(session: Session) -> None:
    make_task(session, 7, files=1)
    old = make_task_job(session, 7, 0)
    fail(session, old)
    assert counters(session, 71) == (0, 1)

    new = retried(session, old)

    used = session.get_one(JediDatasetContents, (7, 70, 0), populate_existing=True)
    assert (used.status, used.pandaid, used.attemptnr) == ("running", new, 1)
    assert (counters(session, 70), counters(session, 71)[1]) == ((1, 0), 0)

    for verb in ("dispatch", "finish"):
        assert lives.advance(session, verb, [new], host="here").jobs
    session.refresh(used)
    made = session.get_one(JediDatasetContents, (7, 71, old), populate_existing=True)
    assert (used.status, made.status, made.outpandaid) == ("finished", "finished", new)
    assert counters(session, 71)[1] == 0


def test_a_file_that_has_no_attempt_left_is_not_tried_again(session: Session) -> None:
    make_task(session, 7, files=1, maxattempt=1)
    old = make_task_job(session, 7, 0)
    fail(session, old)

    assert refused(session, old)[0] is Reason.GUARD


def test_a_file_that_another_job_has_is_left_to_it(session: Session) -> None:
    make_task(session, 7, files=1)
    old = make_task_job(session, 7, 0)
    fail(session, old)
    make_task_job(session, 7, 0)

    reason, sentence = refused(session, old)

    assert reason is Reason.GUARD
    assert sentence.endswith("JEDI has no attempt left for its inputs, or another job has them")


@pytest.mark.parametrize(
    ("state", "reason"), [("finished", Reason.STATE), ("running", Reason.UNKNOWN)]
)
def test_only_what_ended_without_success_is_tried_again(
    session: Session, state: str, reason: Reason
) -> None:
    assert refused(session, make_job(session, state))[0] is reason


def test_a_job_whose_pilot_failed_is_tried_again_as_the_same(session: Session) -> None:
    job = make_job(session, "holding", attemptnr=1, currentpriority=50, piloterrorcode=1201)
    make_satellites(session, job)
    session.execute(update(FilesTable4).values(status="failed"))
    other = make_job(session, "failed")

    done = same(session, [job, other], "here")

    assert (done.jobs, [*done.refused]) == ({job: job}, [other])
    now = session.get_one(JobsActive4, job, populate_existing=True)
    assert (now.jobstatus, now.attemptnr, now.currentpriority) == ("activated", 2, 40)
    assert now.piloterrorcode == 0
    states = select(FilesTable4.type, FilesTable4.status)
    assert dict(session.execute(states).all()) == {
        "input": "failed", "output": "unknown", "log": "unknown",
    }  # fmt: skip
