"""Heartbeats: what is believed of what pilots say, and what they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.core.jobs.heartbeats import Answer, Heartbeat, beat
from pandadb.models import (
    HarvesterRelJobsWorkers,
    JediDatasetContents,
    JediDatasets,
    JobOutputReport,
    JobsActive4,
    JobsStatusLog,
    MetaTable,
)
from tests.factories import make_job, make_task, make_task_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DONE = "the job is done already: "


def said(session: Session, pandaid: int, jobstatus: str, **more: Any) -> Answer:
    return beat(session, [Heartbeat(pandaid, jobstatus, **more)], "node")[pandaid]


def job(session: Session, pandaid: int) -> JobsActive4:
    return session.get_one(JobsActive4, pandaid, populate_existing=True)


@pytest.mark.parametrize(
    ("old", "new", "then"),
    [
        ("sent", "starting", "starting"),
        ("sent", "running", "running"),
        ("starting", "stagein", "stagein"),
        ("stagein", "running", "running"),
        ("running", "running", "running"),
        ("running", "starting", "running"),
        ("stageout", "starting", "stageout"),
        ("running", "stageout", "stageout"),
        ("running", "holding", "holding"),
        ("running", "finished", "holding"),
        ("starting", "failed", "holding"),
        ("running", "transferring", "transferring"),
        ("sent", "transferring", "transferring"),
    ],
)
def test_what_a_pilot_may_say_is_believed(session: Session, old: str, new: str, then: str) -> None:
    pandaid = make_job(session, old)

    assert said(session, pandaid, new) == Answer(then, None)

    now = job(session, pandaid)
    assert (now.jobstatus, now.modificationhost) == (then, "node")
    log = session.scalars(select(JobsStatusLog.jobstatus)).all()
    assert log == ([] if old == then else [then])


@pytest.mark.parametrize(
    ("old", "new", "ignored"),
    [
        ("transferring", "holding", f"{DONE}its outputs are on their way"),
        ("transferring", "finished", f"{DONE}its outputs are on their way"),
        ("transferring", "transferring", f"{DONE}its outputs are on their way"),
        ("holding", "holding", f"{DONE}its report is being worked on"),
        ("holding", "finished", f"{DONE}its report is being worked on"),
        ("holding", "transferring", f"{DONE}its report is being worked on"),
        ("holding", "running", "the job is holding, and does not become running"),
        ("transferring", "running", "the job is transferring, and does not become running"),
        ("merging", "holding", "the job is merging, and does not become holding"),
        ("failed", "running", "the job is failed, and does not become running"),
        ("activated", "running", "the job is activated, and does not become running"),
    ],
)
def test_what_cannot_be_is_ignored(session: Session, old: str, new: str, ignored: str) -> None:
    pandaid = make_job(session, "running")
    job(session, pandaid).jobstatus = old
    session.flush()

    assert said(session, pandaid, new) == Answer(old, None, ignored)

    assert job(session, pandaid).modificationhost is None


def test_what_is_said_of_one_job_at_once_is_taken_in_its_order(session: Session) -> None:
    pandaid = make_job(session, "sent")
    said = [Heartbeat(pandaid, status) for status in ("running", "finished", "running")]

    answer = beat(session, said, "node")[pandaid]

    assert answer.ignored == "the job is holding, and does not become running"
    assert job(session, pandaid).jobstatus == "holding"
    log = select(JobsStatusLog.jobstatus).order_by(JobsStatusLog.modificationtime)
    assert session.scalars(log).all() == ["running", "holding"]
    assert session.scalars(select(JobOutputReport.jobstatus)).all() == ["finished"]


def test_a_job_whose_transfer_was_given_up_may_be_recovered(session: Session) -> None:
    pandaid = make_job(session, "transferring", jobdispatchererrordiag="lost heartbeat")

    assert said(session, pandaid, "holding").jobstatus == "holding"


@pytest.mark.parametrize("first", ["holding", "transferring"])
@pytest.mark.parametrize("last", ["finished", "failed"])
def test_how_a_job_has_ended_is_believed_after_its_pilot_had_said_holding_or_transferring(
    session: Session, first: str, last: str
) -> None:
    pandaid = make_job(session, "running", attemptnr=1)
    said(session, pandaid, first)
    before = job(session, pandaid)
    assert f"set to {first} by the pilot" in (before.jobdispatchererrordiag or "")
    ended, changed = before.endtime, before.statechangetime

    answer = said(session, pandaid, last, report="{}", values={"nevents": 7})

    assert answer == Answer("holding", None)
    now = job(session, pandaid)
    assert (now.jobstatus, now.nevents, now.jobdispatchererrordiag) == ("holding", 7, None)
    assert now.endtime == ended
    assert now.statechangetime == now.modificationtime > changed
    report = session.get_one(JobOutputReport, (pandaid, 1))
    assert (report.jobstatus, report.data) == (last, "{}")
    log = select(JobsStatusLog.jobstatus).order_by(JobsStatusLog.modificationtime)
    assert session.scalars(log).all() == [*dict.fromkeys([first, "holding"])]
    for late in ("finished", "holding", "transferring"):
        ignored = f"{DONE}its report is being worked on"
        assert said(session, pandaid, late) == Answer("holding", None, ignored)


@pytest.mark.parametrize("again", ["holding", "transferring"])
def test_a_pilot_that_has_said_holding_may_say_only_how_the_job_has_ended(
    session: Session, again: str
) -> None:
    pandaid = make_job(session, "running")
    said(session, pandaid, "holding")
    heard = job(session, pandaid).modificationtime

    ignored = "the job is holding until its pilot says finished or failed"
    assert said(session, pandaid, again) == Answer("holding", None, ignored)
    assert job(session, pandaid).modificationtime == heard


def test_a_pilot_whose_job_is_transferring_may_say_so_again(session: Session) -> None:
    make_task(session, 7, files=1)
    pandaid = make_task_job(session, 7, 0, "running")
    said(session, pandaid, "transferring")
    heard = job(session, pandaid).modificationtime
    changed = job(session, pandaid).statechangetime

    answer = said(session, pandaid, "transferring", values={"nevents": 7})

    assert answer == Answer("transferring", None)
    now = job(session, pandaid)
    assert (now.nevents, now.statechangetime) == (7, changed)
    assert now.modificationtime > heard
    assert session.get_one(JediDatasets, (7, 70)).nfilesonhold == 1
    assert "transferring" in (now.jobdispatchererrordiag or "")


def test_a_caller_may_say_in_other_words_that_a_report_is_to_come(session: Session) -> None:
    pandaid = make_job(session, "running")

    said(session, pandaid, "holding", values={"jobdispatchererrordiag": "recovery"})

    assert job(session, pandaid).jobdispatchererrordiag == "recovery"
    assert said(session, pandaid, "finished").ignored is None


def test_jobs_that_come_from_several_states_end_at_once(session: Session) -> None:
    pandaids = [make_job(session, "running", attemptnr=1) for _ in range(3)]
    said(session, pandaids[1], "holding")
    said(session, pandaids[2], "transferring")

    answers = beat(session, [Heartbeat(one, "finished") for one in pandaids], "node")

    assert answers == dict.fromkeys(pandaids, Answer("holding", None))
    reports = session.scalars(select(JobOutputReport.pandaid).order_by(JobOutputReport.pandaid))
    assert reports.all() == pandaids
    assert {job(session, one).jobdispatchererrordiag for one in pandaids} == {None}


@pytest.mark.parametrize(
    ("columns", "more", "ignored"),
    [
        ({"attemptnr": 2}, {"attemptnr": 1}, "this is attempt 1, the job is at attempt 2"),
        ({"batchid": "a.1"}, {"values": {"batchid": "b.2"}}, "the job belongs to batch a.1"),
    ],
)
def test_a_pilot_that_lost_its_job_is_to_end(
    session: Session, columns: dict[str, Any], more: dict[str, Any], ignored: str
) -> None:
    pandaid = make_job(session, "running", **columns)

    assert said(session, pandaid, "running", **more) == Answer("running", "tobekilled", ignored)
    assert said(session, 5, "running") == Answer(None, "tobekilled", "the job is not active")


@pytest.mark.parametrize(
    ("known", "new"),
    [
        ("17", "b.2"),
        ("b.2", "17"),
        ("1234567.0", "1234568.0"),
        ("1234567.0", "b.2"),
        ("b.2", "1234567.0"),
        ("7", "8"),
        ("1234567.0", "9"),
    ],
)
def test_batch_ids_that_are_numbers_say_nothing(session: Session, known: str, new: str) -> None:
    pandaid = make_job(session, "running", batchid=known)

    answer = said(session, pandaid, "running", values={"batchid": new})

    assert answer == Answer("running", None)
    assert (job(session, pandaid).batchid, job(session, pandaid).superrorcode) == (new, 0)


@pytest.mark.parametrize("new", ["b.2", "1.2.3", "17.", "condor#17.0", "b" * 80])
def test_a_job_for_which_another_batch_has_spoken_says_so(session: Session, new: str) -> None:
    pandaid = make_job(session, "running", batchid="a.1")
    heard = job(session, pandaid).modificationtime
    stale = Heartbeat(make_job(session, "running", batchid="a.1", attemptnr=2), "running", 1)
    beats = [Heartbeat(pandaid, "finished", values={"batchid": new, "nevents": 7}), stale]

    answer = beat(session, beats, "node")[pandaid]

    assert answer == Answer("running", "tobekilled", "the job belongs to batch a.1")
    now = job(session, pandaid)
    assert (now.superrorcode, now.superrordiag) == (
        1,
        f"a heartbeat came with invalid batchID={new}",
    )
    assert (now.batchid, now.nevents, now.modificationtime) == ("a.1", 0, heard)
    assert job(session, stale.pandaid).superrorcode == 0


def test_a_pilot_is_told_its_command(session: Session) -> None:
    pandaid = make_job(session, "running", commandtopilot="tobekilled")

    assert said(session, pandaid, "running") == Answer("running", "tobekilled")


def test_the_start_is_when_the_payload_was_first_seen_running(session: Session) -> None:
    pandaid = make_job(session, "starting")
    said(session, pandaid, "running")
    first = job(session, pandaid).starttime
    said(session, pandaid, "running")

    assert job(session, pandaid).starttime == first
    assert job(session, pandaid).modificationtime > first


def test_each_job_gets_its_own_values(session: Session) -> None:
    jobs = [make_job(session, "running") for _ in range(3)]
    beats = [
        Heartbeat(jobs[0], "running", values={"maxpss": 1, "piloterrordiag": "a" * 500}),
        Heartbeat(jobs[1], "running", values={"maxpss": 2, "piloterrordiag": None}),
        Heartbeat(jobs[2], "stageout", values={"meancorecount": 7.25}),
    ]

    beat(session, beats, "node")

    assert [job(session, one).maxpss for one in jobs] == [1, 2, None]
    assert [job(session, one).piloterrordiag for one in jobs] == ["a" * 500, None, None]
    assert float(job(session, jobs[2]).meancorecount or 0) == 7.25


def test_memory_leaks_are_read_from_the_measurements(session: Session) -> None:
    pandaid = make_job(session, "running")

    said(session, pandaid, "running", values={"jobmetrics": "nEvents=5 leak=12.7 chi2=0.25"})

    assert (
        job(session, pandaid).memory_leak,
        float(job(session, pandaid).memory_leak_x2 or 0),
    ) == (
        12,
        0.25,
    )


def test_the_report_of_the_end_is_kept_and_so_is_the_metadata(session: Session) -> None:
    pandaid = make_job(session, "running", attemptnr=1, prodsourcelabel="user")

    said(session, pandaid, "failed", report='{"out": 1}', metadata="<xml/>")
    said(session, pandaid, "failed", report="again")

    report = session.get_one(JobOutputReport, (pandaid, 1))
    assert (report.jobstatus, report.data, report.prodsourcelabel) == (
        "failed",
        '{"out": 1}',
        "user",
    )
    assert session.scalars(select(MetaTable.metadata_)).all() == ["<xml/>"]


def test_the_relation_to_the_worker_is_seen_again(session: Session) -> None:
    pandaid = make_job(session, "running")
    then = job(session, pandaid).modificationtime
    relation = HarvesterRelJobsWorkers(
        harvesterid="H", workerid=1, pandaid=pandaid, lastupdate=then
    )
    session.add(relation)
    session.flush()

    said(session, pandaid, "running")

    session.refresh(relation)
    assert relation.lastupdate > then


def test_files_of_a_task_follow(session: Session) -> None:
    make_task(session, 7, files=1)
    pandaid = make_task_job(session, 7, 0, "sent")
    tried = session.get_one(JediDatasetContents, (7, 70, 0))
    tried.proc_status = "queued"
    session.flush()

    for state in ("running", "transferring"):
        said(session, pandaid, state)
        session.refresh(tried)
        assert tried.proc_status == state
