"""New jobs: what is worked out, what goes with them, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from pandadb.core.checks import BadValue
from pandadb.core.submission import NewJob, submit
from pandadb.models import (
    FilesTable4,
    GlobalShares,
    JediDatasetContents,
    JediJobRetryHistory,
    JobParamsTable,
    JobsDefined4,
    JobsStatusLog,
    JobsWaiting4,
    MetaTable,
)
from tests.factories import make_task

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def one(session: Session, **columns: Any) -> JobsDefined4:
    (pandaid,) = submit(session, [NewJob(columns)], "defined", "here")
    return session.get_one(JobsDefined4, pandaid)


def test_a_job_comes_with_its_files_parameters_and_metadata(session: Session) -> None:
    files = [{"type": "input", "lfn": "in"}, {"type": "log", "lfn": "log", "status": "ready"}]
    new = NewJob({"computingsite": "CERN", "corecount": 8}, files, "--events 5", "{}")

    first, second = submit(session, [new, new], "defined", "here")

    assert first < second
    job = session.get_one(JobsDefined4, first)
    assert (job.computingsite, job.jobstatus, job.prodsourcelabel) == ("CERN", "defined", "managed")
    assert job.creationtime == job.modificationtime == job.statechangetime == job.proddbupdatetime
    assert job.modificationhost == "here"
    of_job = FilesTable4.pandaid == first
    found = select(FilesTable4.lfn, FilesTable4.status).where(of_job).order_by(FilesTable4.row_id)
    assert session.execute(found).all() == [("in", "unknown"), ("log", "ready")]
    assert session.scalars(select(JobParamsTable.jobparameters)).all() == ["--events 5"] * 2
    assert session.scalars(select(MetaTable.metadata_)).all() == ["{}"] * 2
    log = select(JobsStatusLog.jobstatus, JobsStatusLog.computingsite)
    assert session.execute(log).all() == [("defined", "CERN")] * 2


def test_what_is_left_out_takes_its_default_whatever_the_others_give(session: Session) -> None:
    jobs = [NewJob({"vo": "atlas"}), NewJob({"prodserieslabel": None}), NewJob({})]

    submit(session, jobs, "defined", "here")

    found = select(JobsDefined4.vo, JobsDefined4.prodserieslabel).order_by(JobsDefined4.pandaid)
    assert session.execute(found).all() == [("atlas", "Rome"), (None, None), (None, "Rome")]


def test_a_waiting_job_goes_where_waiting_jobs_are(session: Session) -> None:
    (pandaid,) = submit(session, [NewJob({})], "waiting", "here")

    assert session.get_one(JobsWaiting4, pandaid).jobstatus == "waiting"


def test_the_share_is_the_leaf_that_matches_first(session: Session) -> None:
    session.add_all(
        [
            GlobalShares(name="Analysis", value=30, prodsourcelabel="user.*"),
            GlobalShares(name="Production", value=70),
            GlobalShares(name="Group", value=1, parent="Production", prodsourcelabel="managed",
                         workinggroup="(AP|GP)_.*"),
            GlobalShares(name="Other", value=1, parent="Production", prodsourcelabel="managed"),
        ]
    )  # fmt: skip
    session.flush()

    assert one(session, prodsourcelabel="user").gshare == "Analysis"
    assert one(session, prodsourcelabel="managed", workinggroup="AP_HIGG").gshare == "Group"
    assert one(session, prodsourcelabel="managed").gshare == "Other"
    assert one(session, prodsourcelabel="test").gshare == "Undefined"
    assert one(session, prodsourcelabel="user", gshare="Mine").gshare == "Mine"


@pytest.mark.parametrize(
    ("given", "priority"),
    [({}, 0), ({"assignedpriority": 7}, 7), ({"currentpriority": 9}, 9),
     ({"prodsourcelabel": "install"}, 4100)],
)  # fmt: skip
def test_the_priority_is_the_one_assigned(
    session: Session, given: dict[str, Any], priority: int
) -> None:
    assert one(session, **given).currentpriority == priority


@pytest.mark.parametrize(
    ("label", "given", "attempts"),
    [("user", 0, 2), ("user", -1, 0), ("user", 5, 5), ("ptest", 0, 2), ("managed", 0, 0)],
)
def test_a_users_job_may_be_tried_again(
    session: Session, label: str, given: int, attempts: int
) -> None:
    assert one(session, prodsourcelabel=label, maxattempt=given).maxattempt == attempts


def test_names_of_files_have_the_number_of_their_job(session: Session) -> None:
    files = [{"type": "log", "lfn": "log.$PANDAID.$JEDITASKID.tgz"}]
    columns = {"prodsourcelabel": "user", "jeditaskid": 12}

    (pandaid,) = submit(session, [NewJob(columns, files)], "defined", "here")

    assert session.scalar(select(FilesTable4.lfn)) == f"log.{pandaid:05d}.12.tgz"


def test_files_of_a_task_are_in_use_from_then_on(session: Session) -> None:
    make_task(session, 7, files=2)
    picked = session.get_one(JediDatasetContents, (7, 70, 0))
    picked.status = "picked"
    session.flush()
    files = [
        {"type": "input", "jeditaskid": 7, "datasetid": 70, "fileid": n, "attemptnr": 0}
        for n in range(2)
    ]

    (pandaid,) = submit(session, [NewJob({"jeditaskid": 7}, files)], "pending", "here")

    session.refresh(picked)
    assert (picked.status, picked.pandaid, picked.proc_status) == ("running", pandaid, "queued")
    assert session.get_one(JediDatasetContents, (7, 70, 1)).status == "ready"


def test_another_attempt_is_noted_with_its_origin(session: Session) -> None:
    task = {"jeditaskid": 7}
    (first,) = submit(session, [NewJob(task)], "defined", "here")
    (second,) = submit(session, [NewJob(task, replaces=[first])], "defined", "here")
    (third,) = submit(session, [NewJob(task, replaces=[second])], "defined", "here")

    history = select(
        JediJobRetryHistory.oldpandaid,
        JediJobRetryHistory.newpandaid,
        JediJobRetryHistory.originpandaid,
    ).order_by(JediJobRetryHistory.newpandaid)
    assert session.execute(history).all() == [(first, second, first), (second, third, first)]


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (NewJob({"computingsitee": "X"}), "has no column 'computingsitee': is it computingsite"),
        (NewJob({"cloud": "X" * 51}), "cloud is too long: 51 characters, 50 fit"),
        (NewJob({"attemptnr": 40_000}), "attemptnr is too large: 40000, the limit is 32767"),
        (NewJob({"nevents": "5"}), "nevents has to be a whole number, not '5'"),
        (NewJob({"nevents": None}), "nevents has to have a value: it cannot be NULL"),
        (NewJob({"vo": "a\0b"}), "vo cannot have a NUL character in it"),
        (NewJob({"pandaid": 5}), "pandaid is set by the submission"),
        (NewJob({}, [{"lfn": 5}]), "lfn has to be text, not 5"),
    ],
)
def test_bad_input_names_the_job_and_nothing_is_submitted(
    session: Session, bad: NewJob, sentence: str
) -> None:
    with pytest.raises(BadValue, match=f"job 2 of 2: .*{sentence}"):
        submit(session, [NewJob({}), bad], "defined", "here")

    assert session.scalar(select(func.count(JobsDefined4.pandaid))) == 0


def test_a_job_does_not_begin_as_finished(session: Session) -> None:
    with pytest.raises(BadValue, match="A job begins as pending, defined, waiting"):
        submit(session, [NewJob({})], "finished", "here")


def test_no_jobs_are_no_work(session: Session) -> None:
    assert submit(session, [], "defined", "here") == []
