"""Commands carried out: jobs, files and states of tasks; what is left for the next run."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, update

from pandadb.core.datasets import recounts
from pandadb.core.tasks.commands import execution, job_kills
from pandadb.core.tasks.commands.acceptance import Accepted
from pandadb.models import (
    JediDatasetContents,
    JediDatasets,
    JediTaskParams,
    JediTasks,
    JobsActive4,
    JobsArchived4,
    JobsDefined4,
    ProdSysComm,
    TTask,
)
from tests.factories import make_job, make_task_job
from tests.task_commands import (
    accept,
    ask,
    command,
    logged,
    make_commanded_task,
    sent_statements,
    states,
    task_row,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.core.tasks.commands.execution import ExecutionResult

TASK = 7


def carry_out(session: Session, *accepted: Accepted) -> ExecutionResult:
    done = execution.carry_out(session, accepted, host="here")
    session.expire_all()
    return done


def job_states(session: Session) -> dict[int, tuple[str, str | None]]:
    found = {}
    for model in (JobsDefined4, JobsActive4, JobsArchived4):
        for job in session.scalars(select(model)):
            found[job.pandaid] = (job.jobstatus, job.commandtopilot)
    return found


def test_a_kill_ends_queued_jobs_and_waits_for_running_ones(session: Session) -> None:
    make_commanded_task(session, TASK, files=3)
    production: dict[str, Any] = {"prodsourcelabel": "managed"}
    queued = make_task_job(session, TASK, 0, "activated", **production)
    defined = make_task_job(session, TASK, 1, "defined", **production)
    runs = make_task_job(session, TASK, 2, "running", **production)
    ask(session, TASK, command="kill")
    (one,) = accept(session).accepted

    done = carry_out(session, one)

    assert (done.waiting, done.tasks, states(session)) == ({TASK: [runs]}, {}, {TASK: "aborting"})
    ended = job_states(session)
    assert (ended[queued][0], ended[defined][0]) == ("cancelled", "cancelled")
    assert ended[runs] == ("running", "tobekilled")
    archived = session.scalars(select(JobsArchived4).where(JobsArchived4.pandaid == queued)).one()
    assert (archived.taskbuffererrorcode, archived.taskbuffererrordiag) == (
        100, "kill by an operator",
    )  # fmt: skip

    session.execute(delete(JobsActive4))
    assert carry_out(session, one).tasks == {TASK: "toabort"}
    row = task_row(session, TASK)
    assert (row.status, row.oldstatus) == ("toabort", None)
    assert logged(session, TASK) == [("toabort", "kill by an operator")]


def test_a_task_whose_command_is_done_is_dated_back_by_an_hour(session: Session) -> None:
    make_commanded_task(session, TASK)

    assert command(session, TASK, command="kill").tasks == {TASK: "toabort"}

    ago = datetime.now(UTC).replace(tzinfo=None) - task_row(session, TASK).modificationtime
    assert timedelta(minutes=59) < ago < timedelta(minutes=61)
    assert task_row(session, TASK).statechangetime > task_row(session, TASK).modificationtime


def test_a_finish_forces_production_jobs_and_gives_the_rest_up(session: Session) -> None:
    make_commanded_task(session, TASK, files=4, splitrule="FG=1,NF=2,US=1")
    make_task_job(session, TASK, 0, "running", prodsourcelabel="managed")
    set_file(session, 1, status="ready", attemptnr=3)
    set_file(session, 2, status="ready", maxattempt=None)
    session.execute(update(JediDatasets).values(nfilesfailed=1, nfilesfinished=0))

    assert command(session, TASK, command="finish").tasks == {TASK: "passed"}

    assert job_states(session).popitem()[1][0] == "cancelled"
    assert task_row(session, TASK).splitrule == "NF=2,US=1"
    attempts = select(JediDatasetContents.fileid, JediDatasetContents.attemptnr).where(
        JediDatasetContents.datasetid == TASK * 10
    )
    assert dict(map(tuple, session.execute(attempts))) == {0: 3, 1: 3, 2: 0, 3: 3}
    assert session.get_one(JediDatasets, (TASK, TASK * 10)).nfilesfailed == 3


def set_file(session: Session, n: int, **columns: Any) -> None:
    found = JediDatasetContents.datasetid == TASK * 10, JediDatasetContents.fileid == n
    session.execute(update(JediDatasetContents).where(*found).values(**columns))


def test_a_retry_after_a_finish_leaves_the_finished_files_used(session: Session) -> None:
    """[bug] The server takes files that were given up from the used ones, without adding them."""
    make_commanded_task(session, TASK, files=4)
    file, dataset = JediDatasetContents, JediDatasets
    done = update(file).where(file.fileid == 0).values(status="finished", attemptnr=1)
    session.execute(done)
    recounts.recount(session, [TASK])
    command(session, TASK, command="finish")
    assert recounts.recount(session, [TASK], repair=False) == []
    session.execute(update(JediTasks).values(status="finished"))
    assert command(session, TASK, command="retry").tasks == {TASK: "ready"}
    counters = select(dataset.nfilesused, dataset.nfilesfinished, dataset.nfilesfailed)
    assert session.execute(counters.where(dataset.type == "input")).one() == (1, 1, 0)


def test_a_soft_finish_waits_for_jobs_at_work(session: Session) -> None:
    make_commanded_task(session, TASK, files=2)
    queued = make_task_job(session, TASK, 0, "activated", prodsourcelabel="managed")
    runs = make_task_job(session, TASK, 1, "running", prodsourcelabel="managed")

    done = command(session, TASK, command="finish", qualifier="soft")

    assert done.waiting == {TASK: [queued, runs]}
    assert job_states(session)[queued][0] == "cancelled"
    assert job_states(session)[runs] == ("running", None)
    assert states(session) == {TASK: "finishing"}


def test_a_reassigned_task_comes_back_to_its_state_at_another_site(session: Session) -> None:
    make_commanded_task(session, TASK, files=1, site="A")
    job = make_task_job(session, TASK, 0, "activated")

    done = command(session, TASK, command="reassign", comment="site:B:y")

    assert done.tasks == {TASK: "running"}
    assert job_states(session)[job][0] == "closed"
    row = task_row(session, TASK)
    assert (row.site, row.oldstatus, row.errordialog, row.superstatus) == (
        "B",
        None,
        None,
        "running",
    )
    deft = session.get_one(TTask, TASK)
    assert (deft.status, deft.start_time) == ("running", deft.timestamp)
    assert logged(session, TASK) == [("running", None)]


@pytest.mark.parametrize("column", ["cloud", "nucleus"])
def test_a_task_for_another_cloud_or_nucleus_goes_to_the_brokerage(
    session: Session, column: str
) -> None:
    make_commanded_task(session, TASK, **{column: "A"})

    done = command(session, TASK, command="reassign", comment=f"{column}:B:n")

    assert done.tasks == {TASK: "reassigning"}
    row = task_row(session, TASK)
    assert (getattr(row, column), row.oldstatus, row.superstatus) == ("B", "running", None)


def test_no_text_as_a_target_leaves_the_choice_to_the_brokerage(session: Session) -> None:
    make_commanded_task(session, TASK, nucleus="A")

    command(session, TASK, command="reassign", comment="nucleus::n")

    assert task_row(session, TASK).nucleus is None


def test_a_reassignment_without_a_target_leaves_the_site(session: Session) -> None:
    make_commanded_task(session, TASK, site="A")

    assert command(session, TASK, command="reassign").tasks == {TASK: "reassigning"}
    assert task_row(session, TASK).site == "A"


@pytest.mark.parametrize(
    ("mode", "ended"), [("soft reassign", ["activated"]), ("nokill reassign", [])]
)
def test_a_soft_reassignment_leaves_jobs_at_work(
    session: Session, mode: str, ended: list[str]
) -> None:
    make_commanded_task(session, TASK, files=2)
    before = {make_task_job(session, TASK, n, s): s for n, s in enumerate(("activated", "holding"))}

    done = command(session, TASK, command="reassign", comment=f"site:B:y:{mode}")

    assert done.tasks == {TASK: "running"}
    closed = [before[job] for job, (state, _) in job_states(session).items() if state == "closed"]
    assert closed == ended


@pytest.mark.parametrize(
    ("back", "deft", "frozen"),
    [("scouting", "submitting", False), ("pending", None, True), ("assigning", "assigning", False)],
)
def test_the_state_that_a_task_comes_back_to_has_its_consequences(
    session: Session, back: str, deft: str | None, frozen: bool
) -> None:
    make_commanded_task(session, TASK, "toreassign", oldstatus=back)

    done = carry_out(session, Accepted(TASK, "reassign", "site:B:y", back))

    assert done.tasks == {TASK: back}
    row = task_row(session, TASK)
    assert (row.superstatus, row.frozentime is not None) == (deft, frozen)
    assert (session.get_one(TTask, TASK).start_time is not None) == (back == "scouting")


def test_a_command_is_carried_out_in_its_state_only(session: Session) -> None:
    make_commanded_task(session, TASK, "aborted")
    job = make_job(session, "activated", jeditaskid=TASK)

    done = carry_out(session, Accepted(TASK, "kill", "kill by ann", "running"))

    assert done.refused == {TASK: "the task is aborted, and kill is carried out in aborting"}
    assert (states(session), job_states(session)[job][0]) == ({TASK: "aborted"}, "activated")


def test_a_command_that_is_done_can_be_carried_out_again(session: Session) -> None:
    make_commanded_task(session, TASK, "toabort")

    done = carry_out(session, Accepted(TASK, "kill", "kill by ann", "running"))

    assert done.tasks == {TASK: "toabort"}
    assert logged(session, TASK) == []


def test_a_kill_that_is_taken_up_without_a_comment_names_the_command(session: Session) -> None:
    make_commanded_task(session, TASK, "aborting")
    job = make_job(session, "activated", jeditaskid=TASK)

    carry_out(session, Accepted(TASK, "kill", None, None))

    (row,) = session.scalars(select(JobsArchived4).where(JobsArchived4.pandaid == job)).all()
    assert row.taskbuffererrordiag == "kill"


def test_retries_are_called_with_the_words_of_their_comments(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for task in (1, 2, 3):
        make_commanded_task(session, task, "toretry")
    seen: dict[tuple[int, ...], dict[str, Any]] = {}

    def retry(_session: Any, tasks: Any, _command: str, **more: Any) -> Any:
        assert more.pop("skip")
        seen[tuple(tasks)] = {name: value for name, value in more.items() if value is not False}
        return execution.retries.TaskRetryResult(tasks=dict.fromkeys(tasks, "ready"))

    monkeypatch.setattr(execution.retries, "retry", retry)

    done = carry_out(
        session,
        Accepted(1, "retry", "sole discard retry by keep", "failed"),
        Accepted(2, "retry", "retry by ann", "failed"),
        Accepted(3, "retry", None, "failed"),
    )

    assert done.tasks == {1: "ready", 2: "ready", 3: "ready"}
    assert seen == {
        (1,): {"host": "here", "discard_events": True},
        (2, 3): {"host": "here", "child_tasks": True},
    }


def test_an_incexec_changes_parameters_first(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for task, text in ((1, '{"nFiles": 5, "site": "A"}'), (2, "no JSON"), (3, None)):
        make_commanded_task(session, task, "toincexec")
        if text is not None:
            session.add(JediTaskParams(jeditaskid=task, taskparams=text))
    session.flush()
    seen: list[Any] = []

    def retry(_session: Any, tasks: Any, command: str, **more: Any) -> Any:
        seen.append(([*tasks], command, more["keep_share_priority"]))
        return execution.retries.TaskRetryResult(tasks=dict.fromkeys(tasks, "rerefine"))

    monkeypatch.setattr(execution.retries, "retry", retry)
    comment = '[{"nFiles": 8, "site": null}, ["keep"]]'

    done = carry_out(
        session,
        *(Accepted(task, "incexec", comment, "done") for task in (1, 2, 3)),
        Accepted(4, "incexec", comment, "done"),
    )

    assert seen == [([1], "incexec", True)]
    assert session.get_one(JediTaskParams, 1).taskparams == '{"nFiles": 8}'
    assert done.refused == {
        2: "the parameters of the task are no JSON: Expecting value: line 1 column 1 (char 0)",
        3: "the task has no parameters in JEDI_TASKPARAMS",
        4: "the task is locked by another transaction, or unknown",
    }
    assert states(session) == {1: "toincexec", 2: "toincexec", 3: "toincexec"}


@pytest.mark.parametrize("comment", [None, "incexec by somebody"])
def test_an_incexec_without_parameters_leaves_them(
    session: Session, monkeypatch: pytest.MonkeyPatch, comment: str | None
) -> None:
    make_commanded_task(session, TASK, "toincexec")
    session.add(JediTaskParams(jeditaskid=TASK, taskparams="as they are"))
    session.flush()

    def retry(_session: Any, tasks: Any, _command: str, **_more: Any) -> Any:
        return execution.retries.TaskRetryResult(tasks=dict.fromkeys(tasks, "rerefine"))

    monkeypatch.setattr(execution.retries, "retry", retry)

    done = carry_out(session, Accepted(TASK, "incexec", comment, "done"))

    assert (done.tasks, done.refused) == ({TASK: "rerefine"}, {})
    assert session.get_one(JediTaskParams, TASK).taskparams == "as they are"


@pytest.mark.parametrize("name", ["kill", "reassign"])
def test_rows_of_jobs_and_files_are_written_once(session: Session, name: str) -> None:
    make_commanded_task(session, TASK, files=3)
    for number, state in enumerate(("activated", "throttled", "starting")):
        make_task_job(session, TASK, number, state, prodsourcelabel="managed")

    with sent_statements(session) as sent:
        command(session, TASK, command=name)

    writes = re.compile(r"(?:UPDATE|INSERT INTO|DELETE FROM) doma_panda\.(\w+)")
    written = Counter(table for one in sent for table in {*writes.findall(one)})
    tables = ("jobsactive4", "jobsarchived4", "filestable4", "jedi_dataset_contents")
    assert {table: written[table] for table in tables} == dict.fromkeys(tables, 1)


@pytest.mark.parametrize(
    ("name", "more"), [("kill", {}), ("finish", {}), ("reassign", {"comment": "site:B:y"})]
)
def test_a_command_costs_the_same_statements_for_one_task_and_for_many(
    session: Session, name: str, more: dict[str, Any]
) -> None:
    def count(*tasks: int) -> int:
        for task in tasks:
            make_commanded_task(session, task, files=2)
            for n in range(2):
                make_task_job(session, task, n, "activated", prodsourcelabel="managed")
        ask(session, *tasks, command=name, **more)
        accepted = accept(session).accepted
        with sent_statements(session) as sent:
            carry_out(session, *accepted)
        session.execute(delete(ProdSysComm))
        return len(sent)

    assert count(1) == count(*range(100, 130)) < 40


def test_words_about_a_command_fit_into_the_diagnostics_of_jobs() -> None:
    long = Accepted(TASK, "kill", "x" * 500, None)

    assert len(job_kills.by(long)) == job_kills.BY_LENGTH


def test_tasks_that_are_locked_elsewhere_are_left(session: Session) -> None:
    assert carry_out(session, Accepted(TASK, "kill", None, None)).refused == {
        TASK: "the task is locked by another transaction, or unknown"
    }
    assert session.scalars(select(JediTasks)).all() == []
