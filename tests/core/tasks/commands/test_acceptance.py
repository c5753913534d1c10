"""Acceptance of commands: the states that tasks get, what is refused, jobs held back, files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, update

from pandadb.core.tasks.commands import redrives
from pandadb.core.tasks.commands.acceptance import Accepted, AcceptResult
from pandadb.core.tasks.commands.catalog import COMMANDS
from pandadb.core.tasks.states import NOT_PAUSABLE, STATES
from pandadb.models import (
    JediDatasetContents,
    JediDatasets,
    JediTasks,
    JobsActive4,
    JobsStatusLog,
    ProdSysComm,
    TTask,
)
from tests.factories import make_job
from tests.task_commands import (
    accept,
    ask,
    logged,
    make_commanded_task,
    sent_statements,
    states,
    task_row,
    words,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK = 7


def given(session: Session, command: str, *tasks: int, **columns: Any) -> None:
    """Give a command as production systems do, whatever the state of the tasks."""
    for task in tasks or (TASK,):
        row = {"comm_comment": f"{command} by somebody", **columns}
        session.add(ProdSysComm(comm_task=task, comm_owner="DEFT", comm_cmd=command, **row))
    session.flush()


def jobs(session: Session) -> dict[int, str]:
    return {job.pandaid: job.jobstatus for job in session.scalars(select(JobsActive4))}


@pytest.mark.parametrize("command", [*COMMANDS])
def test_a_command_is_accepted_in_its_states_and_refused_in_others(
    session: Session, command: str
) -> None:
    numbers = range(1, len(STATES) + 1)
    for task, state in zip(numbers, STATES, strict=True):
        make_commanded_task(session, task, state, oldstatus="running")
    given(session, command, *numbers)

    result = accept(session)

    accepted = {
        t for t, s in zip(numbers, STATES, strict=True) if s in COMMANDS[command].accepted_in
    }
    wanted = {t: f"{command}ing" if t in accepted else f"{command} failed" for t in numbers}
    assert words(session) == wanted
    assert {*result.refused} == {*numbers} - accepted
    assert {one.task for one in result.accepted} | {*result.done} == accepted


@pytest.mark.parametrize(
    ("state", "old", "kept", "back"),
    [
        ("running", None, "running", "running"),
        ("paused", "running", None, "paused"),
        ("pending", "ready", "ready", "ready"),
        ("throttled", "running", "throttled", "running"),
    ],
)
def test_a_task_that_is_to_be_killed_keeps_the_state_it_comes_from(
    session: Session, state: str, old: str | None, kept: str | None, back: str
) -> None:
    make_commanded_task(session, TASK, state, oldstatus=old)
    ask(session, TASK, command="kill")

    result = accept(session)

    row = task_row(session, TASK)
    assert (row.status, row.oldstatus, row.errordialog) == ("aborting", kept, "kill by an operator")
    assert result.accepted == [Accepted(TASK, "kill", "kill by an operator", back)]
    assert logged(session, TASK) == []


@pytest.mark.parametrize("state", ["throttled", "pending"])
def test_a_held_task_that_is_paused_is_resumed_to_what_it_was_before(
    session: Session, state: str
) -> None:
    make_commanded_task(session, TASK, state, oldstatus="running")

    for command in ("pause", "resume"):
        ask(session, TASK, command=command)
        accept(session)

    assert task_row(session, TASK).status == "running"


def test_a_pause_is_logged_and_told_to_production_a_resume_is_not(session: Session) -> None:
    make_commanded_task(session, TASK)

    for command in ("pause", "resume"):
        ask(session, TASK, command=command)
        accept(session)

    assert logged(session, TASK) == [("paused", "pause by an operator")]
    row = task_row(session, TASK)
    assert (row.status, row.superstatus, row.oldstatus) == ("running", "paused", None)
    assert session.get_one(TTask, TASK).status == "paused"


def test_a_paused_task_without_a_state_to_come_back_to_keeps_its_command(session: Session) -> None:
    make_commanded_task(session, TASK, "paused", oldstatus=None)
    ask(session, TASK, command="resume")

    result = accept(session)

    assert (words(session), states(session)) == ({TASK: "resume"}, {TASK: "paused"})
    assert result == AcceptResult()


@pytest.mark.parametrize(
    "state", [name for name in STATES if name not in (*NOT_PAUSABLE, "throttled", "pending")]
)
def test_every_task_that_is_paused_can_be_resumed(session: Session, state: str) -> None:
    make_commanded_task(session, TASK, state)

    for command in ("pause", "resume"):
        ask(session, TASK, command=command)
        accept(session)

    assert states(session) == {TASK: state}


@pytest.mark.parametrize(
    ("old", "unit", "status", "deft"),
    [
        ("running", None, "running", "running"),
        ("scouting", None, "scouting", "submitting"),
        ("scouting", "kHS06sPerEvent", "running", "running"),
    ],
)
def test_an_exhausted_task_goes_on_at_once(
    session: Session, old: str, unit: str | None, status: str, deft: str
) -> None:
    frozen = {"frozentime": datetime(2026, 1, 1)}
    make_commanded_task(session, TASK, "exhausted", oldstatus=old, walltimeunit=unit, **frozen)
    ask(session, TASK, command="retry")

    result = accept(session)

    row = task_row(session, TASK)
    assert (row.status, row.superstatus) == (status, deft)
    assert (row.oldstatus, row.frozentime, result.accepted) == (None, None, [])
    assert session.get_one(TTask, TASK).status == deft
    assert logged(session, TASK) == [(status, "retry by an operator")]


def test_an_exhausted_task_from_elsewhere_is_retried_with_its_files(session: Session) -> None:
    make_commanded_task(session, TASK, "exhausted", oldstatus="prepared")
    ask(session, TASK, command="retry")

    assert [one.command for one in accept(session).accepted] == ["retry"]
    assert states(session) == {TASK: "toretry"}


def test_an_avalanche_makes_scouts_be_waited_for_no_longer(session: Session) -> None:
    make_commanded_task(session, TASK, "scouting", walltimeunit="kHS06sPerEvent")
    ask(session, TASK, command="avalanche")

    assert accept(session).done == {TASK: "avalanche"}
    row = task_row(session, TASK)
    assert (row.status, row.walltimeunit) == ("scouting", "ava")


def test_a_pause_holds_activated_jobs_back_without_times_and_log(session: Session) -> None:
    make_commanded_task(session, TASK)
    held = make_job(session, "activated", jeditaskid=TASK, modificationtime=datetime(2026, 1, 1))
    runs = make_job(session, "running", jeditaskid=TASK)
    other = make_job(session, "activated", jeditaskid=TASK + 1)
    ask(session, TASK, command="pause")

    accept(session)

    assert jobs(session) == {held: "throttled", runs: "running", other: "activated"}
    job = session.scalars(select(JobsActive4).where(JobsActive4.pandaid == held)).one()
    assert job.modificationtime == datetime(2026, 1, 1)
    assert session.scalars(select(JobsStatusLog)).all() == []
    ask(session, TASK, command="resume")
    accept(session)
    assert jobs(session)[held] == "activated"


def test_a_release_has_staging_files_fed_at_once(session: Session) -> None:
    make_commanded_task(session, TASK, files=3)
    make_commanded_task(session, TASK + 1, files=1)
    session.execute(update(JediDatasetContents).values(status="staging"))
    session.execute(
        update(JediDatasets).where(JediDatasets.datasetid == 72).values(type="pseudo_input")
    )
    session.add(secondary_file())
    session.flush()
    ask(session, TASK, command="release")

    assert accept(session).done == {TASK: "release"}

    files = select(JediDatasetContents.jeditaskid, JediDatasetContents.status).distinct()
    assert {*session.execute(files)} == {(TASK, "pending"), (TASK + 1, "staging")}
    row = task_row(session, TASK)
    assert (row.status, row.errordialog) == ("running", None)
    day_back = datetime.now(UTC).replace(tzinfo=None) - row.modificationtime
    assert timedelta(hours=23) < day_back < timedelta(hours=25)
    assert session.get_one(JediDatasets, (TASK, 72)).nfilestobeused == 1


def secondary_file() -> JediDatasetContents:
    return JediDatasetContents(
        jeditaskid=TASK,
        datasetid=72,
        fileid=1,
        creationdate=datetime(2026, 1, 1),
        lfn="seed",
        type="pseudo_input",
        status="staging",
    )


def test_a_command_without_a_task_is_refused(session: Session) -> None:
    given(session, "kill")

    assert accept(session).refused == {TASK: "the kill command has no task"}
    assert words(session) == {TASK: "kill failed"}


def test_commands_of_other_owners_and_other_words_are_left(session: Session) -> None:
    make_commanded_task(session, TASK)
    given(session, "killing")
    session.add(ProdSysComm(comm_task=TASK, comm_owner="other", comm_cmd="kill"))
    session.flush()

    accept(session)

    assert states(session) == {TASK: "running"}
    assert sorted(session.scalars(select(ProdSysComm.comm_cmd))) == ["kill", "killing"]


def test_a_command_costs_the_same_statements_for_one_task_and_for_many(session: Session) -> None:
    def count(*tasks: int) -> int:
        for task in tasks:
            make_commanded_task(session, task)
        ask(session, *tasks, command="pause")
        with sent_statements(session) as sent:
            accept(session)
        session.execute(delete(ProdSysComm))
        return len(sent)

    assert count(1) == count(*range(100, 150)) <= 5


@pytest.mark.parametrize("command", ["kill", "finish", "retry", "incexec", "reassign"])
def test_a_command_that_nothing_came_of_is_taken_up_again(session: Session, command: str) -> None:
    doing = COMMANDS[command].doing or ""
    make_commanded_task(session, TASK, doing, errordialog="a comment", oldstatus="ready")

    found = redrives.redrive(session, timedelta(minutes=5))
    again = redrives.redrive(session, timedelta(minutes=5))

    assert found == [Accepted(TASK, command, "a comment", "ready")]
    assert again == []


def test_only_tasks_of_the_vo_and_the_label_are_taken_up_again(session: Session) -> None:
    make_commanded_task(session, 1, "aborting", vo="wlcg", prodsourcelabel="user")
    make_commanded_task(session, 2, "aborting", vo="wlcg", prodsourcelabel="managed")
    make_commanded_task(session, 3, "aborting", vo="atlas", prodsourcelabel="user")
    idle = timedelta(minutes=5)

    found = redrives.redrive(session, idle, vo="wlcg", label="user")
    assert [one.task for one in found] == [1]
    found = redrives.redrive(session, idle, vo="any", label="user")
    assert [one.task for one in found] == [3]


def test_parameters_of_incexec_go_before_its_comment(session: Session) -> None:
    for task in (1, 2):
        make_commanded_task(session, task, "done")
    given(session, "incexec", 1, comm_parameters='{"nFiles": 3}')
    given(session, "incexec", 2, comm_parameters="")

    comments = {one.task: one.comment for one in accept(session).accepted}
    assert comments == {1: '{"nFiles": 3}', 2: "incexec by somebody"}

    session.execute(update(JediTasks).values(modificationtime=datetime(2026, 1, 1)))
    found = redrives.redrive(session, timedelta(minutes=5))
    assert {one.task: one.comment for one in found} == comments
