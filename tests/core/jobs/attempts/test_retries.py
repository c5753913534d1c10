"""Retries as new jobs: what is carried over, what is not, and what is not tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core.jobs import advances
from pandadb.core.jobs.attempts.retries import again, same
from pandadb.core.jobs.refusals import RefusalReason
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
from tests.factories import (
    PANDAIDS,
    ROW_IDS,
    make_job,
    make_satellites,
    make_task,
    make_task_job,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def fail(session: Session, pandaid: int, verb: str = "fail") -> None:
    assert advances.advance(session, verb, [pandaid], host="here").jobs


def retried(session: Session, pandaid: int) -> int:
    done = again(session, [pandaid], "here")
    assert done.refused == {}
    return done.jobs[pandaid]


def refused(session: Session, pandaid: int) -> tuple[RefusalReason, str]:
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
        "activated", old, 2, 50,
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
    assert refused(session, old) == (RefusalReason.GUARD, f"Job {old} has been tried again already")


def test_what_belongs_to_a_job_comes_with_it(session: Session) -> None:
    old = make_job(session, "running")
    make_satellites(session, old)
    lfn = update(FilesTable4).where(FilesTable4.type == "output")
    session.execute(lfn.values(lfn="out.root"))
    session.execute(update(JobParamsTable).values(jobparameters="--output out.root"))
    fail(session, old)

    for name in ("out.root.1", "out.root.2"):
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
        assert advances.advance(session, verb, [new], host="here").jobs
    session.refresh(used)
    made = session.get_one(JediDatasetContents, (7, 71, old), populate_existing=True)
    assert (used.status, made.status, made.outpandaid) == ("finished", "finished", new)
    assert counters(session, 71)[1] == 0


def test_a_file_that_has_no_attempt_left_is_not_tried_again(session: Session) -> None:
    make_task(session, 7, files=1, maxattempt=1)
    old = make_task_job(session, 7, 0)
    fail(session, old)

    assert refused(session, old)[0] is RefusalReason.GUARD


def test_a_file_that_another_job_has_is_left_to_it(session: Session) -> None:
    make_task(session, 7, files=1)
    old = make_task_job(session, 7, 0)
    fail(session, old)
    make_task_job(session, 7, 0)

    reason, sentence = refused(session, old)

    assert reason is RefusalReason.GUARD
    assert sentence.endswith("JEDI has no attempt left for its inputs, or another job has them")


@pytest.mark.parametrize(
    ("state", "reason"), [("finished", RefusalReason.STATE), ("running", RefusalReason.UNKNOWN)]
)
def test_only_what_ended_without_success_is_tried_again(
    session: Session, state: str, reason: RefusalReason
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
    assert (now.jobstatus, now.attemptnr, now.currentpriority) == ("activated", 2, 50)
    assert now.piloterrorcode == 0
    states = select(FilesTable4.type, FilesTable4.status)
    assert dict(session.execute(states).all()) == {
        "input": "failed", "output": "unknown", "log": "unknown",
    }  # fmt: skip


def make_failed(session: Session, **columns: Any) -> int:
    """Make a job that has failed and is still where the live ones are."""
    pandaid = next(PANDAIDS)
    columns = {"prodsourcelabel": "user", "attemptnr": 1, **columns}
    session.add(JobsActive4(pandaid=pandaid, jobstatus="failed", **columns))
    session.flush()
    return pandaid


def make_failed_task_job(session: Session, **columns: Any) -> int:
    job = make_task_job(session, 7, 0, "running", prodsourcelabel="user", attemptnr=1, **columns)
    session.execute(update(JobsActive4).values(jobstatus="failed"))
    return job


def give(session: Session, pandaid: int, role: str, lfn: str, **columns: Any) -> int:
    """Give a job a file; return the number of its row."""
    row_id = next(ROW_IDS)
    columns = {"status": "failed", **columns}
    session.add(FilesTable4(row_id=row_id, pandaid=pandaid, type=role, lfn=lfn, **columns))
    session.flush()
    return row_id


def names(session: Session, pandaid: int) -> list[str | None]:
    mine = select(FilesTable4.lfn).where(FilesTable4.pandaid == pandaid)
    return [*session.scalars(mine.order_by(FilesTable4.row_id))]


@pytest.mark.parametrize("code", [105, 106, 107])
def test_a_job_that_was_replaced_is_not_tried_again_as_the_same(
    session: Session, code: int
) -> None:
    job = make_failed(session, taskbuffererrorcode=code)

    done = same(session, [job], "here")

    assert (done.jobs, done.refused[job].reason) == ({}, RefusalReason.GUARD)
    now = session.get_one(JobsActive4, job, populate_existing=True)
    assert (now.jobstatus, now.taskbuffererrorcode) == ("failed", code)


@pytest.mark.parametrize(
    "limits",
    [{"maxattempt": 1}, {"maxattempt": 9, "maxfailure": 1}, {"maxattempt": 4, "attemptnr": 3}],
)
def test_the_last_attempt_of_a_file_is_not_tried_again_as_the_same_job(
    session: Session, limits: dict[str, int]
) -> None:
    make_task(session, 7, files=1, **limits)
    job = make_failed_task_job(session)

    done = same(session, [job], "here")

    assert (done.jobs, done.refused[job].reason) == ({}, RefusalReason.GUARD)


def test_a_job_whose_file_another_job_has_is_not_tried_again_as_the_same(
    session: Session,
) -> None:
    make_task(session, 7, files=1)
    job = make_failed_task_job(session)
    session.execute(update(JediDatasetContents).values(pandaid=5))

    assert same(session, [job], "here").refused[job].reason is RefusalReason.GUARD


@pytest.mark.parametrize(
    "columns",
    [
        {"keeptrack": None}, {"type": "lib"}, {"maxattempt": None, "pandaid": 5},
    ],
    ids=["not tracked", "a library", "secondary"],
)  # fmt: skip
def test_files_whose_attempts_jedi_does_not_count_keep_no_job_from_another(
    session: Session, columns: dict[str, Any]
) -> None:
    make_task(session, 7, files=1, maxattempt=1)
    job = make_failed_task_job(session)
    session.execute(update(JediDatasetContents).values(**columns))

    assert same(session, [job], "here").jobs == {job: job}


@pytest.mark.parametrize("live", [True, False], ids=["same", "again"])
def test_a_retry_that_comes_late_is_refused(session: Session, live: bool) -> None:
    job = make_failed(session, attemptnr=2)
    if not live:
        fail(session, job)
    retry = same if live else again

    for attemptnr in (1, {job: 3}):
        done = retry(session, [job], "here", attemptnr)
        assert done.jobs == {}
        assert done.refused[job].sentence.startswith(f"Job {job} is in attempt 2, not in ")
    assert [*retry(session, [job], "here", {job: 2}).jobs] == [job]


def test_a_job_that_was_told_to_end_is_not_tried_again_and_one_to_be_debugged_is(
    session: Session,
) -> None:
    told = make_failed(session, commandtopilot="tobekilled")
    debugged = make_failed(session, commandtopilot="ls -l")

    assert [*same(session, [told, debugged], "here").jobs] == [debugged]


def test_the_next_attempt_has_names_of_its_own_in_the_parameters_too(session: Session) -> None:
    job = make_failed(session, attemptnr=9)
    for role, lfn in (
        ("input", "in.1"), ("output", "a.root"), ("output", "b.root.9"), ("output", "a.root.91.x"),
        ("log", "job.log.tgz.9"),
    ):  # fmt: skip
        give(session, job, role, lfn)
    text = "\"a.root\" 'in.1' %20b.root.9%20 x:a.root.91.x aa.root a.root2 --log=job.log.tgz.9"
    session.add(JobParamsTable(pandaid=job, jobparameters=text))
    session.flush()

    assert same(session, [job], "here", 9).jobs

    assert names(session, job) == [
        "in.1", "a.root.10", "b.root.10", "a.root.91.x.10", "job.log.tgz.10",
    ]  # fmt: skip
    assert session.scalar(select(JobParamsTable.jobparameters)) == (
        "\"a.root.10\" 'in.1' %20b.root.10%20 x:a.root.91.x.10 aa.root a.root2 --log=job.log.tgz.10"
    )


@pytest.mark.parametrize("live", [True, False], ids=["same", "again"])
def test_the_log_of_the_next_attempt_is_another_file(session: Session, live: bool) -> None:
    job = make_failed(session)
    give(session, job, "log", "a.log", guid="old")
    give(session, job, "output", "a.root", guid="kept")
    if not live:
        fail(session, job)

    (new,) = (same if live else again)(session, [job], "here").jobs.values()

    mine = select(FilesTable4.type, FilesTable4.guid).where(FilesTable4.pandaid == new)
    guids = dict(session.execute(mine).all())
    assert guids["output"] == "kept"
    assert guids["log"] not in ("old", None)


@pytest.mark.parametrize(("label", "lfn"), [("panda", "x.tgz"), ("ptest", "x.lib.tgz")])
def test_a_library_keeps_the_name_that_other_jobs_look_for(
    session: Session, label: str, lfn: str
) -> None:
    job = make_failed(session, prodsourcelabel=label)
    give(session, job, "output", lfn)
    give(session, job, "log", "x.log")

    assert same(session, [job], "here").jobs

    assert names(session, job) == [lfn, "x.log.2"]


def test_a_build_job_gets_no_new_pandaid(session: Session) -> None:
    job = make_failed(session, prodsourcelabel="panda")
    fail(session, job)

    assert refused(session, job)[0] is RefusalReason.GUARD


def test_a_name_that_gets_too_long_is_refused_and_nothing_is_changed(session: Session) -> None:
    job, good = make_failed(session), make_failed(session)
    give(session, job, "output", "x" * 3999)

    done = same(session, [job, good], "here")

    assert [*done.jobs] == [good]
    assert "lfn is too long" in done.refused[job].sentence


@pytest.mark.parametrize(
    ("columns", "priority"),
    [
        ({"piloterrorcode": -1201}, 40),
        ({"piloterrorcode": 1201}, 50),
        ({"piloterrorcode": -1, "maxattempt": 1}, 50),
        ({"piloterrorcode": -1, "prodsourcelabel": "managed"}, 50),
        ({"piloterrorcode": -1, "prodsourcelabel": "rc_test2"}, 40),
        ({"piloterrorcode": -1, "processingtype": "hammercloud-x"}, 50),
        ({"piloterrorcode": -1, "processingtype": "gangarobot-rctest"}, 40),
    ],
)
def test_only_an_error_of_the_pilot_costs_priority(
    session: Session, columns: dict[str, Any], priority: int
) -> None:
    job = make_failed(session, **{"maxattempt": 3, "currentpriority": 50, **columns})

    assert same(session, [job], "here").jobs

    assert session.get_one(JobsActive4, job, populate_existing=True).currentpriority == priority


@pytest.mark.parametrize(
    ("before", "after"),
    [("localpool", None), ("a,localpool,b", "a,b"), ("a", "a"), ("", ""), (None, None)],
)
def test_the_next_attempt_is_in_no_pool(
    session: Session, before: str | None, after: str | None
) -> None:
    job = make_failed(session, specialhandling=before)

    assert same(session, [job], "here").jobs

    assert session.get_one(JobsActive4, job, populate_existing=True).specialhandling == after


def test_a_job_is_tried_again_once_however_often_it_is_named(session: Session) -> None:
    job = make_failed(session)

    done = same(session, [job, job], "here")

    assert (done.jobs, done.refused) == ({job: job}, {})
