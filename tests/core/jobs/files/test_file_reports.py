"""Reports on files go into FILESTABLE4, and what they have of events into the task's files."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select, update

from pandadb.core.jobs import advances
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import FilesTable4, JediDatasetContents, JediDatasets, JediTasks
from tests.factories import ROLES, make_job, make_satellites, make_task, make_task_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK = 7


def take(session: Session, verb: str, *jobs: int, files: Any) -> None:
    moved = advances.advance(session, verb, jobs, host="here", files=files)
    assert moved.refused == {}


def file_of(session: Session, job: int, role: str = "output") -> FilesTable4:
    asked = select(FilesTable4).filter_by(pandaid=job, type=role)
    return session.scalars(asked, execution_options={"populate_existing": True}).one()


def contents(session: Session, job: int, role: str = "output") -> JediDatasetContents:
    key = (TASK, TASK * 10 + ROLES.index(role), job)
    return session.get_one(JediDatasetContents, key, populate_existing=True)


def nevents(session: Session, role: str = "output") -> int:
    key = (TASK, TASK * 10 + ROLES.index(role))
    return session.get_one(JediDatasets, key, populate_existing=True).nevents or 0


def test_a_report_by_type_is_that_of_all_files_of_the_type(session: Session) -> None:
    job = make_job(session, "running")
    make_satellites(session, job)

    take(session, "finish", job, files={"output": {"status": "ready", "fsize": 2000}})

    made, log = file_of(session, job), file_of(session, job, "log")
    assert (made.status, made.fsize) == ("ready", 2000)
    assert (log.status, log.fsize) == ("unknown", 0)


def test_a_report_by_name_goes_before_that_by_type(session: Session) -> None:
    job = make_job(session, "running")
    make_satellites(session, job)
    session.execute(update(FilesTable4).where(FilesTable4.type == "output").values(lfn="out.root"))

    values = {"output": {"fsize": 1, "guid": "G"}, "out.root": {"fsize": 2, "checksum": "ad:1"}}
    take(session, "finish", job, files=values)

    made = file_of(session, job)
    assert (made.fsize, made.guid, made.checksum) == (2, "G", "ad:1")


def test_what_a_report_leaves_out_or_has_as_none_stays(session: Session) -> None:
    job = make_job(session, "running")
    make_satellites(session, job)
    session.execute(update(FilesTable4).values(guid="OLD", fsize=7))

    take(session, "finish", job, files={"output": {"guid": None, "status": "ready"}})

    assert (file_of(session, job).guid, file_of(session, job).fsize) == ("OLD", 7)


@pytest.mark.parametrize(
    ("verb", "events"), [("finish", 40), ("merge", 0), ("transfer", 0), ("fail", 0)]
)
def test_the_events_of_an_output_are_noted_and_counted_when_it_is_finished(
    session: Session, verb: str, events: int
) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0)

    take(session, verb, job, files={"output": {"nevents": 40, "lumiblocknr": 3}})

    made = contents(session, job)
    noted = (None, None) if verb == "fail" else (40, 3)
    assert (made.nevents, made.lumiblocknr) == noted
    assert nevents(session) == events


def test_events_of_an_output_to_be_merged_are_noted_though_its_job_has_failed(
    session: Session,
) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0)

    take(session, "fail", job, files={"output": {"nevents": 40, "status": "merging"}})

    assert (contents(session, job).nevents, contents(session, job).status) == (40, "ready")


@pytest.mark.parametrize("change", ["attempt", "closed task", "not of JEDI"])
def test_events_of_outputs_that_are_not_the_jobs_business_are_not_noted(
    session: Session, change: str
) -> None:
    make_task(session, TASK, files=1)
    owner = "user" if change == "not of JEDI" else "jedi"
    job = make_task_job(session, TASK, 0, lockedby=owner)
    if change == "attempt":
        session.execute(update(JediDatasetContents).values(attemptnr=5))
    if change == "closed task":
        session.execute(update(JediTasks).values(status="done"))

    take(session, "finish", job, files={"output": {"nevents": 40}})

    assert contents(session, job).nevents is None


def test_an_input_that_is_reported_as_skipped_is_tried_again(session: Session) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0)

    take(session, "finish", job, files={"input": {"status": "skipped"}})

    key = (TASK, TASK * 10, 0)
    assert session.get_one(JediDatasetContents, key, populate_existing=True).status == "ready"


def test_an_output_that_was_not_made_counts_for_nothing(session: Session) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0)

    take(session, "fail", job, files={"output": {"status": "nooutput"}})

    assert contents(session, job).status == "nooutput"
    assert file_of(session, job).status == "nooutput"


def test_many_jobs_have_reports_of_their_own_in_as_many_statements_as_one(
    session: Session,
) -> None:
    make_task(session, TASK, files=21)
    jobs = [make_task_job(session, TASK, n) for n in range(21)]
    sent: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *a: sent.append(a[2]))

    take(session, "finish", jobs[0], files={"output": {"nevents": 1, "fsize": 1}})
    one = len(sent)
    reports = {job: {"output": {"nevents": n, "fsize": n}} for n, job in enumerate(jobs[1:])}
    take(session, "finish", *jobs[1:], files=reports)

    assert len(sent) == 2 * one
    assert nevents(session) == 1 + sum(range(20))
    assert file_of(session, jobs[5]).fsize == 4


def test_jobs_that_stay_keep_their_files(session: Session) -> None:
    job = make_job(session, "activated")
    make_satellites(session, job)

    moved = advances.advance(session, "finish", [job], host="x", files={"output": {"fsize": 9}})

    assert job in moved.refused
    assert file_of(session, job).fsize == 0


def test_files_that_are_not_in_the_partition_of_live_jobs_are_accounted_for(
    session: Session,
) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0)
    session.execute(update(FilesTable4).values(modificationtime=datetime(2026, 1, 5)))

    take(session, "finish", job, files={"output": {"status": "ready"}})

    assert contents(session, job).status == "finished"
    assert file_of(session, job).modificationtime > datetime(2026, 1, 5)


def test_files_of_a_job_that_lives_on_are_brought_to_their_partition(session: Session) -> None:
    make_task(session, TASK, files=1)
    job = make_task_job(session, TASK, 0)
    session.execute(update(FilesTable4).values(modificationtime=datetime(2026, 1, 5)))

    take(session, "merge", job, files=None)

    assert contents(session, job).boundaryid == job
    assert file_of(session, job).modificationtime == datetime(1970, 1, 1)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "has to be a mapping"),
        ({"output": 5}, "columns with their values"),
        ({"output": {"sise": 5}}, "no column 'sise'"),
        ({"output": {"fsize": "big"}}, "fsize has to be a whole number"),
        ({"output": {"nevents": 2**80}}, "nevents is too large"),
        ({"output": {"status": "reddy"}}, "is it ready"),
        ({5: {"output": {}}}, "not among the jobs"),
        ({"no.such.root": {"fsize": 1}}, "has no file 'no.such.root'"),
    ],
)
def test_a_malformed_report_is_refused(session: Session, files: Any, sentence: str) -> None:
    job = make_job(session, "running")
    make_satellites(session, job)

    with pytest.raises(InvalidValue, match=sentence):
        advances.advance(session, "finish", [job], host="x", files=files)


def test_a_verb_that_ends_nothing_takes_no_report(session: Session) -> None:
    with pytest.raises(InvalidValue, match="activate takes no report"):
        advances.advance(session, "activate", [1], host="x", files={"output": {}})
