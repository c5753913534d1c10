"""Tasks refined: what becomes of each, and all rows of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from pandadb.core.tasks.refinement import refinements
from pandadb.core.tasks.submission import takeovers
from pandadb.models import (
    JediDatasets,
    JediJobParamsTemplate,
    JediOutputTemplate,
    JediTaskParams,
    JediTasks,
    TaskAttempts,
    TasksStatusLog,
    TTask,
)
from tests.task_drafts import PARAMETERS
from tests.task_requests import (
    PRODUCTION,
    USER,
    make,
    row,
    rows,
    submitted,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.core.tasks.refinement.dispositions import Refinement
    from pandadb.core.tasks.refinement.streams import DatasetNames
    from pandadb.core.tasks.requesters import Requester

PARENT = 5_000_000


class Nothing:
    """A catalogue without any dataset."""

    def constituents(self, name: str) -> list[str]:
        del name
        return []


def refined(
    session: Session, *tasks: int, catalogue: DatasetNames | None = None
) -> list[Refinement]:
    return refinements.refine(session, tasks, "host", catalogue)


def entered(
    session: Session,
    requester: Requester = PRODUCTION,
    catalogue: DatasetNames | None = None,
    **parameters: Any,
) -> tuple[dict[str, Any], Refinement]:
    """Submit, take and refine a task; return its row and what became of it."""
    task = submitted(session, requester, **parameters)
    takeovers.take(session, tasks=[task])
    (found,) = refined(session, task, catalogue=catalogue)
    return row(session, JediTasks, jeditaskid=task), found


def test_a_refined_task_has_all_its_rows(session: Session) -> None:
    task, found = entered(session)
    number = task["jeditaskid"]
    assert (found.status, found.reason, task["status"]) == ("defined", None, "defined")
    assert (task["taskname"], task["username"], task["attemptnr"]) == ("t", "u", 0)
    assert (task["corecount"], task["cpuefficiency"], task["basewalltime"]) == (1, 90, 600)
    assert (task["ramcount"], task["ramunit"], task["reqid"]) == (2000, "MBPerCore", number)
    assert task["splitrule"] == "US=2,PC=1,CV=1,MD=1,IT=1,IA=1"
    assert (task["gshare"], task["superstatus"]) == ("root", "registered")
    datasets = {one["type"]: one for one in rows(session, JediDatasets, jeditaskid=number)}
    assert {*datasets} == {"input", "tmpl_output", "tmpl_log"}
    assert (datasets["input"]["nfiles"], datasets["input"]["nfilestobeused"]) == (0, None)
    templates = rows(session, JediOutputTemplate, jeditaskid=number)
    assert {one["filenametemplate"] for one in templates} == {"o.${SN}", "l.${SN}"}
    template = row(session, JediJobParamsTemplate, jeditaskid=number)
    assert template["jobparamstemplate"] == "--in=${IN} --o=${OUTPUT0}"
    kept = json.loads(row(session, JediTaskParams, jeditaskid=number)["taskparams"])
    assert kept["cloudAsVO"] is True
    assert kept["jobParameters"][1]["value"] == "--o=${OUTPUT0}"
    attempt = row(session, TaskAttempts, jeditaskid=number)
    assert (attempt["attemptnr"], attempt["startstatus"]) == (0, "defined")
    log = row(session, TasksStatusLog, jeditaskid=number)
    assert (log["status"], log["modificationhost"]) == ("defined", "host")


def test_tasks_that_are_not_to_be_refined_are_left_out(session: Session) -> None:
    make(session, PARENT, status="running")
    assert refined(session, PARENT, PARENT + 1) == []
    assert refined(session) == []


def test_a_thousand_tasks_take_as_many_statements_as_one(session: Session) -> None:
    sent: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *given: sent.append(given[2]))
    counts = []
    for number in (1, 20):
        tasks = [
            submitted(session, uniqueTaskName=True, taskName=f"{number}.{n}") for n in range(number)
        ]
        takeovers.take(session, tasks=tasks)
        sent.clear()
        assert {one.status for one in refined(session, *tasks)} == {"defined"}
        counts.append(len(sent))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["architecture", "transUses", "processingType", "taskType"])
def test_a_task_that_lacks_a_parameter_is_broken_with_its_name(session: Session, name: str) -> None:
    task = submitted(session)
    takeovers.take(session, tasks=[task])
    given = {key: value for key, value in PARAMETERS.items() if key != name}
    session.execute(
        text("UPDATE doma_panda.jedi_taskparams SET taskparams = :given WHERE jeditaskid = :task"),
        {"given": json.dumps(given), "task": task},
    )
    (found,) = refined(session, task)
    assert (found.status, found.reason) == ("tobroken", f"cannot be refined: {name} is missing")
    after = row(session, JediTasks, jeditaskid=task)
    assert (after["username"], after["errordialog"]) == ("tobeset", found.reason)
    assert not rows(session, JediDatasets, jeditaskid=task)
    assert not rows(session, TaskAttempts, jeditaskid=task)


@pytest.mark.parametrize(
    ("parameters", "words", "is_named"),
    [
        ({"prodSourceLabel": "ptest"}, "no work queue is for 'wlcg', 'ptest'", True),
        ({"nFilesPerJob": "x"}, "nFilesPerJob has to be a number, not 'x'", True),
        ({"coreCount": "many"}, "corecount has to be a whole number, not 'many'", False),
        ({"transPath": "p" * 129}, "transpath is too long: 129 characters, 128 fit", False),
        ({"workingGroup": "g" * 33, "cloud": "X"}, "workinggroup is too long", True),
        ({"buildSpec": {}}, "archiveName is missing in buildSpec", True),
        ({"ddmBackEnd": "d" * 200}, "splitrule is too long", False),
        ({"log": {**PARAMETERS["log"], "token": "t" * 101}}, "storagetoken is too long", False),
        ({"log": {"type": 1}}, "parameter 3 of 3: type has to be", True),
    ],
)
def test_a_task_whose_parameters_cannot_be_followed_is_broken(
    session: Session, parameters: dict[str, Any], words: str, is_named: bool
) -> None:
    task, found = entered(session, **parameters)
    assert found.status == task["status"] == "tobroken"
    assert words in (found.reason or "")
    assert (task["taskname"] == "t") is is_named
    assert not rows(session, JediDatasets, jeditaskid=task["jeditaskid"])


def test_no_share_is_for_a_task(session: Session) -> None:
    session.execute(
        text(
            "INSERT INTO doma_panda.global_shares (name, value, prodsourcelabel)"
            " VALUES ('A', 1, 'user')"
        )
    )
    task, found = entered(session)
    assert found.reason == "cannot be refined: no global share is for such a task"
    assert task["workqueue_id"] is not None
    task, _ = entered(session, gshare="A")
    assert task["gshare"] == "A"


def test_reasons_are_kept_up_to_the_length_of_their_columns(session: Session) -> None:
    task, found = entered(session, log={**PARAMETERS["log"], "value": None, "x": "y" * 600})
    assert found.status == "tobroken"
    task, _ = entered(session, uniqueTaskName=True, taskName="n")
    for n in range(100):
        make(session, PARENT + n, taskname="n", username="u")
    task, found = entered(session, uniqueTaskName=True, taskName="n")
    assert (found.status, task["taskname"], len(task["errordialog"])) == ("toabort", None, 510)
    log = row(session, TasksStatusLog, jeditaskid=task["jeditaskid"])
    assert log["reason"] == task["errordialog"][:255]  # the server loses the last character


def test_of_two_tasks_with_a_unique_name_the_first_has_it(session: Session) -> None:
    tasks = [submitted(session, uniqueTaskName=True) for _ in range(2)]
    takeovers.take(session, tasks=tasks)
    found = refined(session, *tasks)
    assert [one.status for one in found] == ["defined", "toabort"]
    assert found[1].reason == f"toabort: its name is that of task {tasks[0]}"
    assert not rows(session, JediDatasets, jeditaskid=tasks[1])
    assert row(session, TaskAttempts, jeditaskid=tasks[1])["startstatus"] == "toabort"


def test_a_task_waits_for_its_staging_and_is_refined_after_it(session: Session) -> None:
    task, found = entered(session, toStaging=True, walltime=7)
    number = task["jeditaskid"]
    assert (found.status, task["oldstatus"], task["superstatus"]) == (
        "staging", "registered", "staging",
    )  # fmt: skip
    assert (task["splitrule"], task["walltime"], task["starttime"]) == (None, None, None)
    assert row(session, TTask, taskid=number)["status"] == "staging"
    session.execute(text("UPDATE doma_panda.jedi_tasks SET status = 'staged'"))
    (found,) = refined(session, number)
    assert found.status == "defined"
    assert row(session, JediTasks, jeditaskid=number)["walltime"] == 7


def test_false_is_no_staging_and_null_no_build(session: Session) -> None:
    _, found = entered(session, toStaging=False, buildSpec=None)
    assert found.status == "defined"


@pytest.mark.parametrize(
    ("parent", "parameters", "status", "is_frozen"),
    [
        ("done", {}, "defined", False),
        ("finished", {}, "defined", False),
        ("failed", {}, "tobroken", False),
        ("broken", {"noWaitParent": True}, "tobroken", False),
        (None, {}, "tobroken", False),
        ("running", {}, "pending", False),
        ("running", {"noWaitParent": True}, "defined", False),
    ],
)
def test_a_child_goes_by_the_state_of_its_parent(
    session: Session, parent: str | None, parameters: dict[str, Any], status: str, is_frozen: bool
) -> None:
    if parent:
        make(session, PARENT, status=parent)
    task, found = entered(session, parent=PARENT, **parameters)
    assert found.status == task["status"] == status
    assert task["parent_tid"] == PARENT
    assert (task["frozentime"] is not None) is is_frozen
    assert task["oldstatus"] == ("registered" if status == "pending" else None)


@pytest.mark.parametrize(
    ("parent", "parameters", "status", "is_frozen"),
    [
        (None, {}, "tobroken", False),
        (None, {"waitInput": 1}, "pending", True),
        (None, {"noWaitParent": True}, "pending", True),
        (None, {"allowEmptyInput": True}, "finishing", False),
        (None, {"allowEmptyInput": True, "waitInput": 1}, "pending", True),
        (None, {"allowEmptyInput": True, "noWaitParent": True}, "finishing", False),
        ("running", {"noWaitParent": True}, "pending", False),
        ("running", {"noWaitParent": True, "allowEmptyInput": True}, "pending", False),
        ("done", {"noWaitParent": True}, "pending", True),
        ("done", {}, "tobroken", False),
    ],
)
def test_input_that_is_unknown_is_waited_for_or_ends_the_task(
    session: Session, parent: str | None, parameters: dict[str, Any], status: str, is_frozen: bool
) -> None:
    if parent:
        make(session, PARENT, status=parent)
    task, found = entered(
        session, parent=PARENT if parent else None, catalogue=Nothing(), **parameters
    )
    number = task["jeditaskid"]
    assert found.status == task["status"] == status
    assert (task["frozentime"] is not None) is is_frozen
    unknown = row(session, JediDatasets, jeditaskid=number)
    assert (unknown["type"], unknown["datasetname"]) == ("trn_unknown", "mc:a")


def test_names_of_unknown_input_that_do_not_fit_are_not_kept(session: Session) -> None:
    item = {**PARAMETERS["jobParameters"][0], "dataset": ",".join(["mc:long"] * 50)}
    task, found = entered(session, waitInput=1, jobParameters=[item], catalogue=Nothing())
    assert found.status == "pending"
    assert not rows(session, JediDatasets, jeditaskid=task["jeditaskid"])


def test_input_that_comes_later_takes_the_place_of_what_was_unknown(session: Session) -> None:
    task, _ = entered(session, waitInput=1, catalogue=Nothing())
    number = task["jeditaskid"]
    session.execute(text("UPDATE doma_panda.jedi_tasks SET status = 'registered'"))
    assert refined(session, number, catalogue=Nothing())[0].status == "pending"
    assert len(rows(session, JediDatasets, jeditaskid=number)) == 1
    again = row(session, JediTasks, jeditaskid=number)
    assert again["frozentime"] == task["frozentime"]
    session.execute(text("UPDATE doma_panda.jedi_tasks SET status = 'registered'"))
    assert refined(session, number)[0].status == "defined"
    kinds = {one["type"] for one in rows(session, JediDatasets, jeditaskid=number)}
    assert kinds == {"input", "tmpl_output", "tmpl_log"}


def test_parameters_that_are_no_json_leave_the_task_as_it_is(session: Session) -> None:
    task = submitted(session)
    takeovers.take(session, tasks=[task])
    session.execute(text("UPDATE doma_panda.jedi_taskparams SET taskparams = '{'"))
    (found,) = refined(session, task)
    assert (found.status, found.reason is not None) == ("registered", True)
    assert not rows(session, TasksStatusLog, jeditaskid=task)


def made_again(session: Session, status: str, **dataset: Any) -> dict[str, Any]:
    """Refine a task after incexec, whose input was fed with two files."""
    task, _ = entered(session, attemptNr=1)
    number = task["jeditaskid"]
    values = {"nfilestobeused": 2, "nfilesused": 0, "status": status, **dataset}
    session.execute(
        text(
            "UPDATE doma_panda.jedi_datasets SET (status, nfilestobeused, nfilesused, datasetname)"
            " = (:status, :nfilestobeused, :nfilesused, :datasetname)"
            " WHERE jeditaskid = :task AND type = 'input'"
        ),
        {"task": number, "datasetname": "mc:a", **values},
    )
    session.execute(
        text(
            "UPDATE doma_panda.jedi_tasks SET status = 'rerefine', splitrule = 'US=3,NF=2',"
            " ramcount = 77, lockedby = 'x' WHERE jeditaskid = :task"
        ),
        {"task": number},
    )
    (found,) = refined(session, number)
    after = row(session, JediTasks, jeditaskid=number)
    assert found.status == after["status"]
    return after


@pytest.mark.parametrize(
    ("status", "dataset", "wanted", "deft"),
    [
        ("toupdate", {}, "defined", "registered"),
        ("ready", {}, "defined", "registered"),
        ("finished", {"nfilesused": 2}, "prepared", None),
        ("ready", {"datasetname": "mc:old"}, "defined", "registered"),
        ("removed", {}, "defined", "registered"),
    ],
)
def test_a_task_after_incexec_goes_on_with_the_input_that_it_has(
    session: Session, status: str, dataset: dict[str, Any], wanted: str, deft: str | None
) -> None:
    after = made_again(session, status, **dataset)
    assert after["status"] == wanted
    assert (after["ramcount"], after["lockedby"]) == (77, None)
    assert after["splitrule"].startswith("US=1,NF=2")
    assert after["realmodificationtime"] - after["modificationtime"] > timedelta(hours=5)
    found = row(session, TTask, taskid=after["jeditaskid"])
    assert found["status"] == (deft or "registered")
    inputs = rows(session, JediDatasets, jeditaskid=after["jeditaskid"], type="input")
    states = {one["datasetname"]: one["status"] for one in inputs}
    if "datasetname" in dataset:
        assert states == {"mc:old": "removed", "mc:a": "defined"}
    else:
        assert states == {"mc:a": "defined" if status == "removed" else status}


def test_users_tasks_have_the_share_of_their_label(session: Session) -> None:
    for name, label in (("Production", "managed"), ("Analysis", "user|panda")):
        session.execute(
            text(
                "INSERT INTO doma_panda.global_shares (name, value, prodsourcelabel)"
                " VALUES (:name, 1, :label)"
            ),
            {"name": name, "label": label},
        )
    assert entered(session, USER, prodSourceLabel="user")[0]["gshare"] == "Analysis"
    assert entered(session)[0]["gshare"] == "Production"
