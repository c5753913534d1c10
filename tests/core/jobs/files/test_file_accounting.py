"""Files and datasets follow the end of jobs; the counters are what a recount says."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select, update

from pandadb.core.jobs import advances
from pandadb.core.jobs.ending import kills
from pandadb.models import (
    Datasets,
    FilesTable4,
    JediDatasetContents,
    JediDatasets,
    JediTasks,
    JobsActive4,
)
from tests.factories import ROLES, make_task, make_task_job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

TASK = 7
COUNTERS = ("nfilesused", "nfilesfinished", "nfilesfailed", "nfilesonhold", "neventsused")


def take(session: Session, verb: str, *pandaids: int, **more: Any) -> None:
    moved = advances.advance(session, verb, pandaids, host="here", **more)
    assert moved.refused == {}


@pytest.fixture
def statements(session: Session) -> Iterator[list[str]]:
    """The statements that the session's connection has sent."""
    sent: list[str] = []

    def note(*said: Any) -> None:
        sent.append(said[2])

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    yield sent
    event.remove(connection, "before_cursor_execute", note)


def contents(session: Session, role: str, fileid: int) -> JediDatasetContents:
    key = (TASK, TASK * 10 + ROLES.index(role), fileid)
    return session.get_one(JediDatasetContents, key, populate_existing=True)


def counters(session: Session, role: str = "input") -> dict[str, int]:
    """Return those counters of a dataset that are not 0."""
    key = (TASK, TASK * 10 + ROLES.index(role))
    dataset = session.get_one(JediDatasets, key, populate_existing=True)
    found = {name: getattr(dataset, name) or 0 for name in COUNTERS}
    return {name: number for name, number in found.items() if number}


def test_a_finished_job_finishes_its_input_and_its_outputs(session: Session) -> None:
    make_task(session, TASK, files=2)
    job = make_task_job(session, TASK, 0)

    take(session, "finish", job)

    used = contents(session, "input", 0)
    made = contents(session, "output", job)
    assert (used.status, used.attemptnr, used.failedattempt) == ("finished", 1, 0)
    assert (used.keeptrack, used.proc_status) == (1, "finished")
    assert (made.status, made.keeptrack) == ("finished", None)
    assert counters(session) == {"nfilesused": 1, "nfilesfinished": 1, "neventsused": 100}
    assert counters(session, "output") == {"nfilesfinished": 1}
    assert counters(session, "log") == {"nfilesfinished": 1}


def test_events_of_a_part_of_a_file_are_those_of_the_part(session: Session) -> None:
    make_task(session, TASK, files=1, startevent=10, endevent=29)
    take(session, "finish", make_task_job(session, TASK, 0))

    assert counters(session)["neventsused"] == 20


def test_a_failed_job_gives_its_input_back_until_the_attempts_are_gone(session: Session) -> None:
    make_task(session, TASK, files=1, maxattempt=2)

    job = make_task_job(session, TASK, 0)
    take(session, "fail", job)
    first = contents(session, "input", 0)
    assert (first.status, first.attemptnr, first.failedattempt) == ("ready", 1, 1)
    assert first.proc_status == "ready"
    assert counters(session) == {}
    assert contents(session, "output", job).status == "failed"
    assert counters(session, "output") == {"nfilesfailed": 1}
    assert session.scalar(select(JediTasks.queuedtime)) is None

    take(session, "fail", make_task_job(session, TASK, 0))
    last = contents(session, "input", 0)
    assert (last.status, last.attemptnr, last.proc_status) == ("ready", 2, "failed")
    assert counters(session) == {"nfilesused": 1, "nfilesfailed": 1}


def test_a_file_that_may_not_fail_again_is_failed_with_attempts_left(session: Session) -> None:
    make_task(session, TASK, files=1, maxattempt=9, maxfailure=1)

    take(session, "fail", make_task_job(session, TASK, 0))

    assert counters(session) == {"nfilesused": 1, "nfilesfailed": 1}


def test_a_killed_job_gives_its_input_back_for_free(session: Session) -> None:
    make_task(session, TASK, files=1, maxfailure=1)
    job = make_task_job(session, TASK, 0, "holding")

    take(session, "kill", job)

    back = contents(session, "input", 0)
    assert (back.status, back.attemptnr, back.failedattempt) == ("ready", 1, 0)
    assert contents(session, "log", job).status == "cancelled"
    assert counters(session) == {}
    assert counters(session, "log") == {"nfilesfailed": 1}


def test_an_input_that_was_skipped_is_tried_again(session: Session) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0)
    skipped = update(FilesTable4).where(FilesTable4.type == "input").values(status="skipped")
    session.execute(skipped)

    take(session, "finish", job)

    skipped = contents(session, "input", 0)
    assert (skipped.status, skipped.proc_status) == ("ready", "finished")
    assert counters(session) == {}


def test_an_output_that_was_not_made_counts_for_nothing(session: Session) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0)
    absent = update(FilesTable4).where(FilesTable4.type == "output").values(status="nooutput")
    session.execute(absent)

    take(session, "finish", job)

    assert contents(session, "output", job).status == "nooutput"
    assert counters(session, "output") == {}


def test_what_the_report_says_of_an_output_is_noted(session: Session) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0)
    report = {"lfn": "out.1", "guid": "ABC", "fsize": 5, "checksum": "ad:1"}
    session.execute(update(FilesTable4).where(FilesTable4.type == "output").values(**report))

    take(session, "finish", job)

    made = contents(session, "output", job)
    assert {name: getattr(made, name) for name in report} == report


def test_an_outdated_attempt_changes_nothing(session: Session) -> None:
    make_task(session, TASK, files=1)
    late = make_task_job(session, TASK, 0)
    contents(session, "input", 0).attemptnr = 1
    now_running = make_task_job(session, TASK, 0)
    before = counters(session)

    take(session, "fail", late)

    assert counters(session) == before
    current = contents(session, "input", 0)
    assert (current.status, current.attemptnr, current.pandaid) == ("running", 1, now_running)


@pytest.mark.parametrize("change", ["frozen", "cancelled", "task ended", "not of JEDI"])
def test_files_that_are_not_the_jobs_business_stay(session: Session, change: str) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0, lockedby="jedi" if change != "not of JEDI" else None)
    match change:
        case "frozen":
            contents(session, "input", 0).keeptrack = None
        case "cancelled":
            contents(session, "input", 0).status = "cancelled"
        case "task ended":
            session.get_one(JediTasks, TASK).status = "aborted"
    session.flush()
    status = contents(session, "input", 0).status

    take(session, "finish", job)

    assert counters(session) == {"nfilesused": 1}
    assert contents(session, "input", 0).status == status


def test_inputs_are_on_hold_while_outputs_are_on_their_way(session: Session) -> None:
    make_task(session, TASK, files=2)
    jobs = [make_task_job(session, TASK, n) for n in range(2)]

    take(session, "transfer", *jobs)
    assert counters(session) == {"nfilesused": 2, "nfilesonhold": 2}
    assert contents(session, "input", 0).proc_status == "transferring"

    take(session, "finish", jobs[0])
    assert counters(session)["nfilesonhold"] == 1
    take(session, "fail", jobs[1])
    assert counters(session) == {"nfilesused": 1, "nfilesfinished": 1, "neventsused": 100}


def test_a_job_that_is_recovered_puts_its_inputs_off_hold(session: Session) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0, "transferring", jobdispatchererrordiag="lost heartbeat")
    session.get_one(JediDatasets, (TASK, TASK * 10)).nfilesonhold = 1

    take(session, "hold", job)

    assert counters(session) == {"nfilesused": 1}


def test_outputs_to_be_merged_become_inputs_of_a_merge(session: Session) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0)
    session.execute(update(FilesTable4).where(FilesTable4.type == "output").values(
        destinationdblocktoken="ATLASDATADISK/TOMERGE"))  # fmt: skip

    take(session, "merge", job)
    merged = contents(session, "output", job)
    assert (merged.status, merged.boundaryid, merged.maxattempt) == ("ready", job, 3)
    assert counters(session, "output") == {"nfilesonhold": 1}

    take(session, "finish", job)
    assert contents(session, "output", job).status == "ready"


@pytest.mark.parametrize(("label", "on_hold"), [("managed", {"nfilesonhold": 1}), ("user", {})])
def test_outputs_of_a_job_that_fails_while_merging_are_on_hold_once(
    session: Session, label: str, on_hold: dict[str, int]
) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0, prodsourcelabel=label)
    partial = update(FilesTable4).where(FilesTable4.type == "output").values(status="merging")
    session.execute(partial)

    take(session, "merge", job)
    take(session, "fail", job)

    assert counters(session, "output") == on_hold
    assert counters(session, "log") == {"nfilesfailed": 1}


def test_outputs_of_a_job_that_finishes_without_a_merge_are_on_hold_no_more(
    session: Session,
) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0)

    take(session, "merge", job)
    take(session, "finish", job)

    assert counters(session, "output") == {"nfilesfinished": 1}


def test_a_merge_out_of_attempts_freezes_what_it_was_to_merge(session: Session) -> None:
    make_task(session, TASK, files=1, maxattempt=1)

    take(session, "fail", make_task_job(session, TASK, 0, processingtype="pmerge"))

    unmerged = contents(session, "input", 0)
    assert (unmerged.status, unmerged.keeptrack) == ("notmerged", None)


def test_secondary_files_without_a_limit_are_given_back_and_not_counted(session: Session) -> None:
    make_task(session, TASK, files=1, maxattempt=None)

    take(session, "fail", make_task_job(session, TASK, 0))

    assert contents(session, "input", 0).status == "ready"
    assert counters(session) == {"nfilesused": 1}


def test_a_thousand_jobs_take_as_many_statements_as_one(
    session: Session, statements: list[str]
) -> None:
    make_task(session, TASK, files=51)
    jobs = [make_task_job(session, TASK, n) for n in range(51)]
    statements.clear()
    take(session, "finish", jobs[0])
    one = len(statements)
    take(session, "finish", *jobs[1:])

    assert len(statements) == 2 * one
    finished = select(func.count()).where(JediDatasetContents.status == "finished")
    assert session.scalar(finished) == 3 * 51
    assert counters(session)["nfilesfinished"] == 51


@pytest.mark.parametrize(
    ("kind", "code", "before", "after"),
    [
        ("input", 0, "running", "finished"),
        ("pseudo_input", 0, "running", "finished"),
        ("input", 0, None, "finished"),
        ("trn_output", 0, "running", "running"),
        ("lib", 0, "running", "running"),
        ("input", 107, "running", "running"),
    ],
)
def test_only_a_master_input_has_a_proc_status_and_a_job_that_was_replaced_has_no_say(
    session: Session, kind: str, code: int, before: str | None, after: str
) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0, taskbuffererrorcode=code)
    session.execute(update(JediDatasets).where(JediDatasets.type == "input").values(type=kind))
    session.execute(update(JediDatasetContents).values(proc_status=before))

    take(session, "finish", job)

    assert contents(session, "input", 0).proc_status == after


@pytest.mark.parametrize(
    ("state", "label", "held"), [("failed", "user", 1), ("holding", "user", 0), ("failed", "x", 1)]
)
def test_what_a_failed_job_leaves_to_be_merged_is_on_hold_when_it_was_pending(
    session: Session, state: str, label: str, held: int
) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0, prodsourcelabel=label)
    session.execute(update(JobsActive4).values(jobstatus=state))
    part = update(FilesTable4).where(FilesTable4.type == "output").values(status="merging")
    session.execute(part)

    take(session, "fail", job)

    assert counters(session, "output").get("nfilesonhold", 0) == held


@pytest.mark.parametrize(
    ("status", "contents_status", "counted"),
    [
        ("tobeclosed", "ready", {"nfilesused": 1, "nfilesfailed": 1, "nfilesonhold": 1}),
        ("completed", "running", {"nfilesfailed": 1, "nfilesonhold": 1}),
        ("running", "ready", {"nfilesfailed": 1}),
    ],
)
def test_an_output_whose_merging_has_begun_is_used_up_when_its_job_is_killed(
    session: Session, status: str, contents_status: str, counted: dict[str, int]
) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0)
    output = FilesTable4.type == "output"
    unmerged = {"destinationdblocktoken": "TOMERGE", "destinationdblock": "out_sub1"}
    session.execute(update(FilesTable4).where(output).values(**unmerged))
    now = datetime(2026, 1, 1)
    sub = {"vuid": "v", "name": "out_sub1", "subtype": "sub", "type": "output", "status": status}
    session.add(Datasets(**sub, creationdate=now, modificationdate=now))
    take(session, "merge", job)
    made = JediDatasetContents.type == "output"
    session.execute(update(JediDatasetContents).where(made).values(status=contents_status))

    kills.kill(session, [job], code=9, by="ann", host="here")

    assert contents(session, "output", job).status == "cancelled"
    assert counters(session, "output") == counted
