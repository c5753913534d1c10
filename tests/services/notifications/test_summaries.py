"""Summaries of job sets and tasks: newest attempts of all tables, as notifications count them."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from pandadb.core.notifications import summaries
from pandadb.core.notifications.fields import fields
from pandadb.core.notifications.targets import Target
from pandadb.models import (
    FilesTable4,
    FilesTableArch,
    JediDatasets,
    JediJobRetryHistory,
    JediTaskParams,
    JediTasks,
    JobParamsTable,
)
from tests.factories import ROW_IDS, make_archived, make_copy, make_job, make_task

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

JOBSETS = count(70_000)
BEGUN, ENDED = datetime(2026, 3, 1, 8), datetime(2026, 3, 1, 9, 30)


def ended(session: Session, jobset: int, jobstatus: str, **columns: Any) -> int:
    """Make a job of a job set that has ended; return its PandaID."""
    given = {
        "jobsetid": jobset,
        "produsername": "user",
        "prodsourcelabel": "user",
        "computingsite": "SITE_A",
        "jobdefinitionid": 7,
        "creationtime": BEGUN,
        "endtime": ENDED,
        **columns,
    }
    return make_job(session, jobstatus, **given)


def put_file(
    session: Session, pandaid: int, kind: str, dataset: str, status: str = "ready"
) -> None:
    session.add(
        FilesTable4(
            row_id=next(ROW_IDS), pandaid=pandaid, type=kind, dataset=dataset, status=status
        )
    )
    session.flush()


def read(session: Session, **target: Any) -> summaries.JobSummary:
    found = summaries.read(session, Target(**target))
    assert found is not None
    return found


def test_a_job_set_counts_its_jobs_by_their_ends(session: Session) -> None:
    jobset = next(JOBSETS)
    first = ended(session, jobset, "finished")
    put_file(session, first, "input", "data.in")
    put_file(session, first, "output", "user.out")
    put_file(session, first, "log", "user.log")
    partial = ended(session, jobset, "finished", computingsite="SITE_B")
    put_file(session, partial, "input", "data.in", status="skipped")
    for state in ("failed", "failed", "cancelled", "closed"):
        ended(session, jobset, state, endtime=None)
    session.add(JobParamsTable(pandaid=first, jobparameters="--inDS\n data.in"))
    session.flush()

    found = read(session, jobsetid=jobset)

    assert found.is_ended
    assert fields(found) == {
        "JobsetID": jobset,
        "Created": "2026-03-01 08:00:00 (UTC)",
        "Ended": "2026-03-01 09:30:00 (UTC)",
        "Site": "SITE_A,SITE_B",
        "Jobs": 6,
        "Succeeded": 1,
        "Partial": 1,
        "Failed": 2,
        "Cancelled": 2,
        "In": ["data.in"],
        "Out": ["user.out"],
        "Parameters": "--inDS data.in",
    }
    assert found.username == "user"


@pytest.mark.parametrize("state", ["pending", "waiting", "activated", "running", "transferring"])
def test_a_job_set_with_a_job_that_lives_has_not_ended(session: Session, state: str) -> None:
    jobset = next(JOBSETS)
    ended(session, jobset, "finished")
    make_job(session, state, jobsetid=jobset)

    found = read(session, jobsetid=jobset)

    assert not found.is_ended
    assert (found.jobs, found.succeeded, found.ended) == (2, 1, None)


def test_a_job_counts_by_its_newest_attempt_and_once_though_it_is_in_the_archive_too(
    session: Session,
) -> None:
    jobset = next(JOBSETS)
    old, new = ended(session, jobset, "failed"), ended(session, jobset, "finished")
    link = {"oldpandaid": old, "newpandaid": new, "originpandaid": old, "jeditaskid": 1}
    session.add(JediJobRetryHistory(**link, relationtype="retry", ins_utc_tstamp=BEGUN))
    session.flush()
    make_copy(session, new, jobstatus="failed")
    archived = make_archived(
        session, "finished", jobsetid=jobset, modificationtime=ENDED, computingsite="SITE_Z"
    )
    session.add(
        FilesTableArch(
            row_id=next(ROW_IDS), pandaid=archived, type="input", dataset="old.in", status="skipped"
        )
    )
    session.flush()

    found = read(session, jobsetid=jobset)

    assert (found.jobs, found.succeeded, found.partial, found.failed) == (2, 1, 1, 0)
    assert found.inputs == ("old.in",)
    assert found.parameters == "--events 10", "of the archive"


def test_the_number_of_a_job_set_is_that_of_its_user(session: Session) -> None:
    jobset = next(JOBSETS)
    ended(session, jobset, "finished")
    make_job(session, "running", jobsetid=jobset, produsername="another")

    assert read(session, jobsetid=jobset, username="user").is_ended
    assert not read(session, jobsetid=jobset, username="another").is_ended
    assert summaries.read(session, Target(jobsetid=jobset, username="nobody")) is None
    assert summaries.read(session, Target(jobsetid=next(JOBSETS))) is None


def test_jobs_of_old_clients_are_found_by_their_definition(session: Session) -> None:
    number = next(JOBSETS)
    ended(session, 0, "finished", jobdefinitionid=number, jobsetid=None)
    found = read(session, jobdefinitionid=number, username="user")
    assert (found.is_ended, found.jobs) == (True, 1)


def test_a_task_ends_with_its_state_and_counts_its_input(session: Session) -> None:
    task = next(JOBSETS)
    make_task(session, task, files=5)
    job = ended(session, 0, "finished", jeditaskid=task, jobsetid=None)
    put_file(session, job, "output", "user.out")
    session.add(JediTaskParams(jeditaskid=task, taskparams='{"cliParams": "prun --x 1"}'))
    counters = {"nfiles": 5, "nfilesfinished": 3, "nfilesfailed": 1}
    of_input = JediDatasets.jeditaskid == task, JediDatasets.type == "input"
    session.execute(update(JediDatasets).where(*of_input).values(counters))
    assert not read(session, jeditaskid=task).is_ended, "JEDI may make more jobs"

    over = {"status": "finished", "endtime": ENDED, "errordialog": "1 file has failed"}
    session.execute(update(JediTasks).where(JediTasks.jeditaskid == task).values(over))
    found = read(session, jeditaskid=task)

    assert found.is_ended
    assert fields(found, "https://monitor.example.org/") == {
        "TaskID": task,
        "Created": "2026-01-01 00:00:00 (UTC)",
        "Ended": "2026-03-01 09:30:00 (UTC)",
        "FinalStatus": "finished",
        "Status": "finished",
        "Inputs": 5,
        "ErrorDialog": "1 file has failed",
        "Dialog": "1 file has failed",
        "Site": "SITE_A",
        "Jobs": 1,
        "Succeeded": 1,
        "Partial": 0,
        "Failed": 0,
        "Cancelled": 0,
        "In": [],
        "Out": ["user.out"],
        "Parameters": "prun --x 1",
        "PandaMonURL": f"https://monitor.example.org/task/{task}/",
    }
    assert found.ninputs_cancelled == 1


def test_a_job_set_of_jedi_has_the_tasks_with_its_number(session: Session) -> None:
    jobset, one, two = next(JOBSETS), next(JOBSETS), next(JOBSETS)
    for task in (one, two):
        make_task(session, task, files=1)
        ended(session, jobset, "finished", jeditaskid=task)
    mine = JediTasks.jeditaskid.in_([one, two])
    session.execute(update(JediTasks).where(mine).values(reqid=jobset, status="done"))
    session.execute(update(JediTasks).where(JediTasks.jeditaskid == two).values(status="running"))
    assert not read(session, jobsetid=jobset).is_ended, "one of the tasks runs"

    session.execute(update(JediTasks).where(JediTasks.jeditaskid == two).values(status="done"))
    found = read(session, jobsetid=jobset)
    assert (found.is_ended, found.jobs, fields(found)["JobsetID"]) == (True, 2, jobset)
    assert read(session, jobsetid=one).jeditaskid == one, "the number may be that of the task"


def test_a_task_without_jobs_that_was_broken_has_ended(session: Session) -> None:
    task = next(JOBSETS)
    make_task(session, task, files=1)
    session.execute(
        update(JediTasks).where(JediTasks.jeditaskid == task).values(status="broken", endtime=ENDED)
    )
    found = read(session, jeditaskid=task)
    assert (found.is_ended, found.jobs, found.ended) == (True, 0, ENDED)


def test_a_flow_of_the_queue_ends_with_its_jobs(session: Session) -> None:
    task = next(JOBSETS)
    make_task(session, task, files=1)
    session.execute(update(JediTasks).where(JediTasks.jeditaskid == task).values(status="flow"))
    assert not read(session, jeditaskid=task).is_ended, "it has no job yet"
    ended(session, 0, "failed", jeditaskid=task, jobsetid=None)
    found = read(session, jeditaskid=task)
    assert (found.is_ended, found.failed, found.status) == (True, 1, None)
