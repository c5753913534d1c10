"""Requests for tasks: new ones, and those of a name that there is."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from pandadb.core.jobs.creation.issued_ids import NumberTaken
from pandadb.core.jobs.ending.server_config import InvalidSetting
from pandadb.core.tasks.requesters import Requester
from pandadb.core.tasks.submission.parameters import InvalidTask
from pandadb.core.tasks.submission.requests import SubmissionCode
from pandadb.models import (
    Config,
    JediDatasetContents,
    JediTaskParams,
    JediTasks,
    ProdSysComm,
    TTask,
    Users,
)
from tests.task_requests import (
    PRODUCTION,
    USER,
    make,
    row,
    rows,
    submit,
    submitted,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK = 5_000_000


def make_named(session: Session, status: str, task: int = TASK, **columns: Any) -> None:
    """Make a task with the name of the requests, of the user who sends them."""
    named = {"taskname": "t", "username": USER.name, "vo": "wlcg", "prodsourcelabel": "user"}
    make(session, task, 2, **{**named, "status": status, **columns})
    session.add(JediTaskParams(jeditaskid=task, taskparams='{"nFiles": 1, "kept": 2}'))
    session.flush()


def again(session: Session, requester: Requester = USER, **parameters: Any) -> Any:
    named = {"uniqueTaskName": True, "prodSourceLabel": "user", **parameters}
    return submit(session, requester, **named)


def test_a_task_waits_in_t_task_with_its_own_number_as_parent(session: Session) -> None:
    task = submitted(session, jobParameters=[], later=[1])
    found = row(session, TTask, taskid=task)
    assert (found["status"], found["parent_tid"], found["username"]) == ("waiting", task, "u")
    assert (found["priority"], found["current_priority"]) == (500, 500)
    assert json.loads(found["jedi_task_parameters"])["later"] == [1]
    assert not rows(session, JediTasks, jeditaskid=task)


def test_only_production_chooses_user_type_and_priority(session: Session) -> None:
    task = submitted(session, USER, taskPriority=9999, taskType="prod", userName="Somebody Else")
    found = row(session, TTask, taskid=task)
    assert (found["username"], found["priority"]) == ("A Newcomer", 1000)
    assert json.loads(found["jedi_task_parameters"])["taskType"] == "anal"
    task = submitted(session, taskPriority=None)
    assert row(session, TTask, taskid=task)["priority"] == 100
    task = submitted(session, PRODUCTION, userName=None, taskType=None)
    found = row(session, TTask, taskid=task)
    assert (found["username"], found["priority"]) == ("prodsys", 1000)


def test_the_working_group_of_an_official_task_is_that_of_the_role(session: Session) -> None:
    fqans = ("/atlas/Role=NULL", "/atlas/phys/Role=production", "/atlas/soft/Role=production")
    task = submitted(session, Requester(USER.dn, fqans=fqans), official=True)
    found = row(session, TTask, taskid=task)
    assert json.loads(found["jedi_task_parameters"])["workingGroup"] == "phys"


def test_a_new_user_gets_a_row_and_a_new_dn_is_written(session: Session) -> None:
    submitted(session, USER)
    assert row(session, Users, name="A Newcomer")["dn"] == USER.dn
    moved = Requester("/DC=org/CN=A Newcomer")
    submitted(session, moved)
    assert row(session, Users, name="A Newcomer")["dn"] == moved.dn


def test_a_disabled_user_is_refused(session: Session) -> None:
    submitted(session, USER)
    session.execute(text("UPDATE doma_pandameta.users SET status = 'disabled'"))
    assert submit(session, USER).code is SubmissionCode.BANNED
    assert len(rows(session, TTask, username="A Newcomer")) == 1


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"taskName": "n" * 300}, "taskname is too long"),
        ({"taskPriority": "high"}, "priority has to be a whole number"),
        ({"vo": None}, "vo has to be text"),
        ({"jobParameters": {}}, "jobParameters has to be a list of objects"),
        ({"userName": "\ud800"}, "userName has bytes in it that are not UTF-8"),
    ],
)
def test_what_cannot_be_stored_is_refused(
    session: Session, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidTask, match=words):
        submit(session, **parameters)


def test_a_parent_is_found_by_its_name(session: Session) -> None:
    make_named(session, "done", TASK, username="u")
    make_named(session, "running", TASK + 1, username="u")
    task = submitted(session, parentTaskName="t")
    assert row(session, TTask, taskid=task)["parent_tid"] == TASK + 1
    assert submit(session, parentTaskName="none").code is SubmissionCode.NO_PARENT
    task = submitted(session, parent=77)
    assert row(session, TTask, taskid=task)["parent_tid"] == 77


def limit(session: Session, value: str) -> None:
    key = "MAX_ACTIVE_TASKS_PER_USER_user"
    columns = {"app": "pandaserver", "component": "dbproxy", "key": key, "vo": "wlcg"}
    session.add(Config(**columns, value=value, type="int", descr=""))
    session.flush()


def test_a_user_with_too_many_active_tasks_is_refused(session: Session) -> None:
    make_named(session, "running")
    limit(session, "1")
    assert (
        submit(session, USER, prodSourceLabel="user", taskName="x").code is SubmissionCode.ACCEPTED
    )
    make_named(session, "paused", TASK + 1)
    make_named(session, "done", TASK + 2)
    answer = submit(session, USER, prodSourceLabel="user", taskName="y")
    assert answer.code is SubmissionCode.TOO_MANY
    assert "has 2 active tasks with the label user; the limit is 1" in answer.text
    assert submit(session, prodSourceLabel="user", taskName="z").code is SubmissionCode.ACCEPTED


def test_a_limit_that_is_no_number_is_named(session: Session) -> None:
    limit(session, "many")
    with pytest.raises(InvalidSetting, match="dbproxy/MAX_ACTIVE_TASKS_PER_USER_user"):
        submit(session, USER, prodSourceLabel="user")


def test_a_unique_name_is_queued_once(session: Session) -> None:
    first = again(session)
    second = again(session)
    assert (first.code, second.code) == (SubmissionCode.ACCEPTED, SubmissionCode.QUEUED)
    assert second.jeditaskid == first.jeditaskid
    assert again(session, Requester("/CN=Somebody Else")).code is SubmissionCode.ACCEPTED
    assert again(session, vo="atlas").code is SubmissionCode.ACCEPTED
    assert submit(session, USER, prodSourceLabel="user").code is SubmissionCode.ACCEPTED


def test_an_official_name_is_unique_among_users(session: Session) -> None:
    assert again(session).code is SubmissionCode.ACCEPTED
    other = again(session, Requester("/CN=Somebody Else"), official=True)
    assert other.code is SubmissionCode.QUEUED


@pytest.mark.parametrize("status", ["registered", "running", "pending", "prepared", "toabort"])
def test_a_task_that_has_not_ended_is_left_alone(session: Session, status: str) -> None:
    make_named(session, status)
    assert again(session).code is SubmissionCode.ACTIVE
    assert not rows(session, ProdSysComm, comm_task=TASK)


@pytest.mark.parametrize("status", ["finished", "failed", "aborted", "done", "exhausted"])
def test_a_task_that_has_ended_runs_again_with_new_parameters(
    session: Session, status: str
) -> None:
    make_named(session, "running", TASK - 1)
    make_named(session, status, ramcount=4000)
    session.add(ProdSysComm(comm_task=TASK, comm_cmd="kill", comm_owner="DEFT"))
    given = {"dsForIN": "a:b", "nGBPerJob": 3, "loopingCheck": True, "priority": 7, "other": 1}
    answer = again(session, **given)
    assert (answer.code, answer.jeditaskid) == (SubmissionCode.REACTIVATED, TASK)
    command = row(session, ProdSysComm, comm_task=TASK)
    assert (command["comm_cmd"], command["comm_owner"]) == ("incexec", "DEFT")
    assert json.loads(command["comm_parameters"]) == {
        "dsForIN": "a:b", "nGBPerJob": 3, "noLoopingCheck": False, "currentPriority": 7,
    }  # fmt: skip
    assert row(session, JediTasks, jeditaskid=TASK)["ramcount"] == 4000
    assert not rows(session, TTask, username=USER.name)


def test_less_memory_counts_at_once_for_the_files_that_had_more(session: Session) -> None:
    make_named(session, "failed", ramcount=4000)
    session.execute(
        text("UPDATE doma_panda.jedi_dataset_contents SET ramcount = 1000 + 4000 * (fileid % 2)")
    )
    again(session, ramCount=3000, fixedSandbox="a.tgz", sourceURL="https://example.org")
    assert row(session, JediTasks, jeditaskid=TASK)["ramcount"] == 3000
    memory = {
        one["ramcount"] for one in rows(session, JediDatasetContents, jeditaskid=TASK, type="input")
    }
    assert memory == {1000, 3000}
    taken = json.loads(row(session, ProdSysComm, comm_task=TASK)["comm_parameters"])
    assert taken["sourceURL"] == "https://example.org"


def test_a_task_that_runs_has_its_parameters_changed_if_that_is_allowed(session: Session) -> None:
    make_named(session, "running")
    answer = submit(session, USER, allow_active=True, prodSourceLabel="user", nFiles=5, other=1)
    assert (answer.code, answer.is_accepted) == (SubmissionCode.CHANGED, True)
    changed = json.loads(row(session, JediTaskParams, jeditaskid=TASK)["taskparams"])
    assert changed == {"nFiles": 5, "kept": 2}
    session.execute(text("UPDATE doma_panda.jedi_tasks SET status = 'defined'"))
    refused = submit(session, USER, allow_active=True, prodSourceLabel="user")
    assert refused.code is SubmissionCode.ACTIVE


def test_a_number_that_a_task_has_already_is_refused(session: Session) -> None:
    task = submitted(session)
    now = datetime(2026, 1, 1)
    session.add(TTask(taskid=task + 1, submit_time=now))
    session.flush()
    with pytest.raises(NumberTaken, match=f"Task {task + 1} exists already: .* fix-sequences"):
        submit(session)


def test_deep_parameters_are_kept_as_they_are(session: Session) -> None:
    deep = json.loads("[" * 500 + "]" * 500)
    task = submitted(session, deep=deep)
    assert json.loads(row(session, TTask, taskid=task)["jedi_task_parameters"])["deep"] == deep
