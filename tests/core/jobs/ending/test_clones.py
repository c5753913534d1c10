"""Of the clones of a job one counts: the one that has the semaphore, or the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core.jobs import advances
from pandadb.core.jobs.heartbeats import Heartbeat, beat
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediEvents,
    JediJobRetryHistory,
    JediTasks,
    JobsActive4,
    JobsArchived4,
)
from tests.factories import ROW_IDS, make_job, make_task, make_task_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK, JOBSET = 7, 555
CLONE = {"specialhandling": "eventservice,sc:1", "eventservice": 3, "jobsetid": JOBSET}


def make_clones(session: Session, *states: str) -> list[int]:
    """Make clones of one job: with the same input, and outputs of the first."""
    make_task(session, TASK, files=1)
    first = make_task_job(session, TASK, 0, states[0], **CLONE)
    clones = [first]
    files = session.scalars(select(FilesTable4).where(FilesTable4.pandaid == first)).all()
    for state in states[1:]:
        clone = make_job(session, state, jeditaskid=TASK, lockedby="jedi", **CLONE)
        clones.append(clone)
        for file in files:
            names = ("type", "status", "jeditaskid", "datasetid", "fileid", "attemptnr")
            same = {name: getattr(file, name) for name in names}
            session.add(FilesTable4(row_id=next(ROW_IDS), pandaid=clone, **same))
    session.flush()
    return clones


def make_range(session: Session, pandaid: int = JOBSET, number: int = 1, status: int = 0) -> None:
    key = {"jeditaskid": TASK, "pandaid": pandaid, "fileid": 0, "job_processid": number}
    session.add(JediEvents(**key, datasetid=TASK * 10, status=status, attemptnr=3))
    session.flush()


def job(session: Session, pandaid: int) -> Any:
    for table in (JobsActive4, JobsArchived4):
        asked = select(table).where(table.pandaid == pandaid)
        if found := session.scalars(asked, execution_options={"populate_existing": True}).first():
            return found
    return None


def input_file(session: Session) -> JediDatasetContents:
    return session.get_one(JediDatasetContents, (TASK, TASK * 10, 0), populate_existing=True)


def end(session: Session, verb: str, *jobs: int) -> dict[int, str]:
    moved = advances.advance(session, verb, jobs, host="here")
    assert moved.refused == {}
    return moved.jobs | moved.merged


@pytest.mark.parametrize("verb", ["finish", "fail"])
def test_the_clone_with_the_semaphore_ends_and_closes_the_others(
    session: Session, verb: str
) -> None:
    first, second, third = make_clones(session, "running", "running", "activated")
    make_range(session, pandaid=second, status=1)

    ended = end(session, verb, second)

    goal = "finished" if verb == "finish" else "failed"
    assert ended == {second: goal, first: "closed", third: "closed"}
    assert (job(session, first).jobsubstatus, job(session, first).taskbuffererrorcode) == (
        "jc_unlock",
        200,
    )
    assert input_file(session).status == ("finished" if verb == "finish" else "ready")
    assert input_file(session).pandaid == second
    history = select(JediJobRetryHistory.oldpandaid, JediJobRetryHistory.newpandaid)
    assert session.execute(history).all() == [(JOBSET, second)]


def test_a_clone_without_the_semaphore_is_closed_and_its_files_stay(session: Session) -> None:
    first, second = make_clones(session, "running", "running")
    make_range(session, pandaid=first, status=1)

    assert end(session, "finish", second) == {second: "closed"}
    assert job(session, first).jobstatus == "running"
    assert (input_file(session).status, input_file(session).attemptnr) == ("running", 0)


def test_the_last_clone_ends_as_other_jobs_do(session: Session) -> None:
    first, second = make_clones(session, "running", "running")

    assert end(session, "finish", first) == {first: "closed"}
    assert end(session, "finish", second) == {second: "finished"}
    assert input_file(session).status == "finished"


def test_of_clones_that_end_in_one_call_the_last_counts(session: Session) -> None:
    first, second = make_clones(session, "running", "running")

    assert end(session, "fail", first, second) == {first: "closed", second: "failed"}
    assert input_file(session).attemptnr == 1


def test_late_clones_of_a_task_that_has_ended_end_as_other_jobs_do(session: Session) -> None:
    first, second = make_clones(session, "running", "running")
    session.execute(update(JediTasks).values(status="done"))

    assert end(session, "finish", first) == {first: "finished"}
    assert job(session, second).jobstatus == "running"


def test_a_kill_of_a_clone_closes_the_others(session: Session) -> None:
    first, second = make_clones(session, "activated", "running")

    assert end(session, "kill", first) == {first: "cancelled", second: "closed"}
    assert (input_file(session).status, input_file(session).attemptnr) == ("ready", 1)


def test_jobs_without_the_two_tags_are_no_clones(session: Session) -> None:
    first, second = make_clones(session, "running", "running")
    session.execute(update(JobsActive4).values(specialhandling="sc:1"))

    assert end(session, "finish", first) == {first: "finished"}
    assert job(session, second).jobstatus == "running"


def test_the_first_clone_that_runs_takes_the_semaphore_and_the_queue_is_closed(
    session: Session,
) -> None:
    first, second = make_clones(session, "starting", "activated")
    make_range(session)

    answers = beat(session, [Heartbeat(first, "running")], "here")

    assert answers[first].command is None
    owner = select(JediEvents.pandaid, JediEvents.status)
    assert session.execute(owner).all() == [(first, 1)]
    assert job(session, second).jobstatus == "closed"


def test_a_clone_that_runs_too_late_has_to_end(session: Session) -> None:
    first, second = make_clones(session, "starting", "starting")
    make_range(session)

    beat(session, [Heartbeat(first, "running")], "here")
    answers = beat(session, [Heartbeat(second, "running")], "here")

    assert answers[second].command == "tobekilled"
    assert job(session, second).commandtopilot == "tobekilled"


def test_clones_that_run_in_one_call_take_a_range_each(session: Session) -> None:
    clones = make_clones(session, "starting", "starting", "activated")
    for number in (1, 2, 3):
        make_range(session, number=number)

    answers = beat(session, [Heartbeat(clone, "running") for clone in clones[:2]], "here")

    assert [one.command for one in answers.values()] == [None, None]
    taken = select(JediEvents.pandaid).where(JediEvents.status == 1)
    assert sorted(session.scalars(taken)) == clones[:2]
    assert job(session, clones[2]).jobstatus == "activated"


def test_of_clones_that_store_once_the_first_that_finishes_counts(session: Session) -> None:
    first, second, third = make_clones(session, "holding", "holding", "holding")
    session.execute(update(JobsActive4).values(specialhandling="eventservice,sc:2"))
    make_range(session)

    assert end(session, "fail", third) == {third: "closed"}
    assert end(session, "finish", second) == {second: "finished", first: "closed"}
    assert input_file(session).pandaid == second
