"""Retries of tasks: new attempts of files, counters, limits, children."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from pandadb.core.jobs.ending.server_config import InvalidSetting
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.row_locks import TasksLocked
from pandadb.core.tasks.search.pages import TaskNotFound
from pandadb.database import Database
from pandadb.models import (
    Config,
    JediDatasetContents,
    JediEvents,
    JediTasks,
    TaskAttempts,
    TasksStatusLog,
)
from pandadb.services.tasks import retries
from pandadb.services.tasks.retries import TaskRefused
from pandadb.services.transaction import VerbOptions
from tests.factories import make_job
from tests.task_rows import (
    FINISHED,
    LONG_AGO,
    SPENT,
    dataset_row,
    deft_row,
    file_columns,
    give_dataset,
    give_task,
    task_row,
)


def give_retried(database: Database, jeditaskid: int = 1, **columns: Any) -> int:
    """Make a task that is to be retried, with a finished and a failed file, and an output."""
    give_task(database, jeditaskid, "toretry", **{"oldstatus": "finished", **columns})
    give_dataset(database, jeditaskid, 1, [FINISHED, SPENT], status="finished")
    give_dataset(database, jeditaskid, 2, [FINISHED], "output", status="finished")
    return jeditaskid


def set_limit(database: Database, key: str, value: str) -> None:
    with database.session() as session:
        session.add(
            Config(
                app="jedi", component="retry_task", key=f"{key}_managed", value=value,
                type="float", vo="wlcg", descr="",
            )
        )  # fmt: skip


def logged(database: Database, jeditaskid: int) -> list[str]:
    log = TasksStatusLog
    with database.session() as session:
        return [*session.scalars(select(log.status).where(log.jeditaskid == jeditaskid))]


def attempts_of(database: Database, jeditaskid: int) -> list[tuple[int, str | None, str | None]]:
    of = TaskAttempts
    query = select(of.attemptnr, of.startstatus, of.endstatus).where(of.jeditaskid == jeditaskid)
    with database.session() as session:
        return [tuple(row) for row in session.execute(query.order_by(of.attemptnr))]


def test_a_retry_gives_new_attempts_to_the_files_that_have_none_left(database: Database) -> None:
    give_retried(database)

    done = retries.retry(database, 1)

    assert (done.tasks, done.retried, done.refused) == ({1: "ready"}, [1], {})
    assert file_columns(database, 11, "status", "maxattempt", "maxfailure", "proc_status") == [
        ("finished", 3, 3, None),
        ("ready", 8, 8, "ready"),
    ]
    dataset = dataset_row(database, 11)
    assert (dataset.status, dataset.nfilesused, dataset.nfilesfailed) == ("ready", 1, 0)
    assert dataset_row(database, 12).status == "done"


def test_a_retried_task_begins_a_new_attempt_and_is_taken_at_once(database: Database) -> None:
    give_retried(database, starttime=LONG_AGO, frozentime=LONG_AGO)

    retries.retry(database, 1)

    task, deft = task_row(database, 1), deft_row(database, 1)
    assert (task.status, task.oldstatus, task.superstatus) == ("ready", None, "ready")
    assert (task.attemptnr, task.starttime, task.frozentime) == (1, None, None)
    assert task.currentpriority == task.taskpriority == 500
    assert task.statechangetime is not None
    back = task.statechangetime - task.modificationtime
    assert timedelta(hours=5, minutes=59) < back < timedelta(hours=6, minutes=1)
    assert (deft.status, deft.start_time) == ("ready", None)
    assert logged(database, 1) == ["ready"]
    assert attempts_of(database, 1) == [(1, "ready", None)]


def test_a_task_without_a_number_of_attempts_has_had_none(database: Database) -> None:
    """The column has no default on PostgreSQL: NULL plus one would stay NULL for ever."""
    give_retried(database, attemptnr=None)

    retries.retry(database, 1)

    assert task_row(database, 1).attemptnr == 1
    assert attempts_of(database, 1) == [(1, "ready", None)]


def test_a_task_without_an_earlier_state_is_left_as_it_is(database: Database) -> None:
    """The server would set no state at all, and fail."""
    give_retried(database, oldstatus=None)

    with pytest.raises(TaskRefused, match="task 1 is toretry, without an earlier state"):
        retries.retry(database, 1)

    assert task_row(database, 1).modificationtime == LONG_AGO
    assert retries.retry(database, [1, 2]).refused == {
        1: "task 1 is toretry, without an earlier state",
        2: "there is no task 2",
    }


def test_a_task_that_there_is_not_and_an_unknown_command_are_refused(database: Database) -> None:
    with pytest.raises(TaskNotFound, match="no task 7"):
        retries.retry(database, 7)
    with pytest.raises(InvalidValue, match="retry and incexec do: is it retry"):
        retries.retry(database, 7, "retrying")


@pytest.mark.parametrize(
    ("command", "before", "allowed"),
    [
        ("retry", "finished", True),
        ("retry", "aborted", True),
        ("retry", "done", False),
        ("retry", "running", False),
        ("incexec", "done", True),
        ("incexec", "broken", False),
    ],
)
def test_a_command_takes_tasks_by_their_earlier_state(
    database: Database, command: str, before: str, allowed: bool
) -> None:
    give_retried(database, oldstatus=before)

    done = retries.retry(database, [1], command)

    goal = {"retry": "ready", "incexec": "rerefine"}[command]
    assert done.tasks == {1: goal if allowed else before}
    assert (1 in done.refused) is not allowed
    assert task_row(database, 1).oldstatus is None
    assert bool(logged(database, 1)) is allowed


def test_a_task_with_nothing_left_goes_back_and_is_not_logged(database: Database) -> None:
    give_task(database, 1, "toretry", oldstatus="finished")
    give_dataset(database, 1, 1, [FINISHED, FINISHED], status="failed")

    done = retries.retry(database, 1)

    assert (done.tasks, done.retried) == ({1: "finished"}, [])
    assert dataset_row(database, 11).status == "done"
    assert task_row(database, 1).errordialog == done.refused[1]
    assert logged(database, 1) == []
    assert attempts_of(database, 1) == []


def test_an_exhausted_task_goes_on_and_leaves_its_running_files(database: Database) -> None:
    give_task(database, 1, "toretry", oldstatus="exhausted")
    give_dataset(database, 1, 1, [{"status": "running"}, {"status": "picked"}])

    assert retries.retry(database, 1).tasks == {1: "ready"}

    assert file_columns(database, 11, "status", "attemptnr", "maxattempt") == [
        ("running", 0, 3),
        ("ready", 1, 8),
    ]


def test_files_that_were_cut_off_are_ready_again(database: Database) -> None:
    give_task(database, 1, "toretry", oldstatus="failed")
    give_dataset(database, 1, 1, [{"status": "running", "attemptnr": 1}, {"status": "picked"}])

    retries.retry(database, 1)

    assert file_columns(database, 11, "status", "attemptnr", "maxattempt", "maxfailure") == [
        ("ready", 2, 8, 3),
        ("ready", 1, 8, 3),
    ]
    assert dataset_row(database, 11).nfilesused == 0


def test_secondary_datasets_follow_their_masters(database: Database) -> None:
    give_retried(database)
    give_dataset(database, 1, 3, [SPENT], masterid=11, status="finished")
    give_dataset(database, 1, 4, [SPENT], masterid=11, status="finished", state=None)
    give_dataset(database, 1, 5, [FINISHED], status="done")
    give_dataset(database, 1, 6, [SPENT], masterid=15, status="finished")

    retries.retry(database, 1)

    states = {number: dataset_row(database, number) for number in (13, 14, 15, 16)}
    found = {number: (one.status, one.nfilesfailed) for number, one in states.items()}
    assert found == {13: ("ready", 0), 14: ("defined", 1), 15: ("done", 0), 16: ("ready", 1)}


def test_incexec_takes_lost_files_back_and_forgets_their_memory(database: Database) -> None:
    give_task(database, 1, "toincexec", oldstatus="done")
    files = [FINISHED, {"status": "lost"}, {"status": "missing"}, {"ramcount": 4000}]
    give_dataset(database, 1, 1, files, nfiles=2, nfilestobeused=2, nfilesmissing=2)
    give_dataset(
        database, 1, 2, [{"status": "lost"}], masterid=11, nfiles=0, nfilestobeused=0,
        nfilesmissing=1,
    )  # fmt: skip
    give_dataset(database, 1, 3, [FINISHED], status="done", nfilesmissing=0)

    assert retries.retry(database, 1, "incexec").tasks == {1: "rerefine"}

    assert file_columns(database, 11, "status", "ramcount") == [
        ("finished", 0),
        *[("ready", 0)] * 3,
    ]
    counted = [dataset_row(database, number) for number in (11, 12, 13)]
    assert [(one.status, one.nfiles, one.nfilesmissing) for one in counted] == [
        ("toupdate", 4, 0),
        ("toupdate", 1, 0),
        ("toupdate", 1, 0),
    ]


def test_options_discard_events_release_staged_files_and_keep_the_priority(
    database: Database,
) -> None:
    give_retried(database)
    staging = [SPENT, {"status": "staging"}]
    give_dataset(database, 1, 3, staging)
    give_dataset(database, 1, 4, [FINISHED, {"status": "staging"}], "pseudo_input", masterid=13)
    with database.session() as session:
        for number, status in enumerate((0, 3, 6, 7)):
            session.add(
                JediEvents(
                    jeditaskid=1, pandaid=1, fileid=1, job_processid=number, datasetid=11,
                    status=status,
                )
            )  # fmt: skip

    retries.retry(database, 1, discard_events=True, release_unstaged=True, keep_share_priority=True)

    assert file_columns(database, 13, "status") == [("ready",), ("pending",)]
    with database.session() as session:
        states = session.scalars(select(JediEvents.status).order_by(JediEvents.job_processid))
        assert [*states] == [0, 5, 5, 7]
    assert task_row(database, 1).currentpriority == 900


@pytest.mark.parametrize(
    ("key", "value", "state"),
    [
        ("TASK_MAX_ATTEMPT", "3", "exhausted"),
        ("TASK_MAX_ATTEMPT", "4", "ready"),
        ("TASK_MAX_ATTEMPT", "0", "ready"),
        ("JOB_MAX_ATTEMPT", "3", "finished"),
        ("JOB_MAX_ATTEMPT", "4", "ready"),
        ("MAX_JOB_FAILURE_RATE", "0.5", "exhausted"),
        ("MAX_JOB_FAILURE_RATE", "0.6", "ready"),
        ("MAX_FAILED_HEP_SCORE_HOURS", "10", "exhausted"),
        ("MAX_FAILED_HEP_SCORE_HOURS", "11", "ready"),
        ("MAX_FAILED_HEP_SCORE_RATE", "0.75", "exhausted"),
        ("MAX_FAILED_HEP_SCORE_RATE", "0.751", "ready"),
        ("MIN_CPU_EFFICIENCY", "26", "exhausted"),
        ("MIN_CPU_EFFICIENCY", "25", "ready"),
    ],
)
def test_limits_of_config_end_the_retries_of_a_task(
    database: Database, key: str, value: str, state: str
) -> None:
    give_retried(database, attemptnr=3)
    set_limit(database, key, value)
    end = LONG_AGO + timedelta(hours=1)
    with database.session() as session:
        common = {"jeditaskid": 1, "prodsourcelabel": "managed"}
        make_job(session, "failed", 501, hs06sec=36_000, **common)
        make_job(
            session, "finished", 502, hs06sec=12_000, starttime=LONG_AGO, endtime=end,
            cpuconsumptiontime=900, **common,
        )  # fmt: skip
        session.get_one(JediDatasetContents, (1, 11, 1100)).pandaid = 502

    done = retries.retry(database, 1)

    assert done.tasks == {1: state}
    if state == "exhausted":
        task, deft = task_row(database, 1), deft_row(database, 1)
        assert (task.superstatus, deft.status, task.attemptnr) == ("exhausted", "exhausted", 3)
        assert logged(database, 1) == ["exhausted"]
    if state != "ready":
        assert file_columns(database, 11, "maxattempt") == [(3,), (3,)]
        assert retries.retry(database, [1], ignore_limits=True).retried == []


def test_limits_do_not_count_for_a_retry_that_ignores_them(database: Database) -> None:
    give_retried(database, attemptnr=9)
    set_limit(database, "TASK_MAX_ATTEMPT", "3")

    assert retries.retry(database, 1, ignore_limits=True).tasks == {1: "ready"}


def test_a_limit_that_is_no_number_is_an_error_and_nothing_is_done(database: Database) -> None:
    give_retried(database)
    set_limit(database, "TASK_MAX_ATTEMPT", "three")

    with pytest.raises(InvalidSetting, match="'three' for retry_task/TASK_MAX_ATTEMPT_managed"):
        retries.retry(database, 1)

    assert task_row(database, 1).status == "toretry"


def test_children_that_read_the_output_are_executed_again(database: Database) -> None:
    give_retried(database)
    for child, status, name in [
        (2, "finished", "scope:output.12"), (3, "running", "scope:output.12"),
        (4, "failed", "scope:output.12"), (5, "done", "other"), (6, "done", "scope:output.1"),
    ]:  # fmt: skip
        give_task(database, child, status, parent_tid=1)
        give_dataset(database, child, 1, [FINISHED], datasetname=name, status="done")
    give_dataset(database, 2, 2, [FINISHED], "output")
    give_task(database, 7, "done", parent_tid=2)
    give_dataset(database, 7, 1, [FINISHED], datasetname="scope:output.22")

    done = retries.retry(database, 1)

    assert done.retried == [1, 2, 7, 6]
    states = {task: task_row(database, task).status for task in range(2, 8)}
    assert states == {
        2: "rerefine", 3: "running", 4: "failed", 5: "registered", 6: "rerefine", 7: "rerefine",
    }  # fmt: skip
    mutable = {task: dataset_row(database, task * 10 + 1).state for task in (2, 3, 4, 5)}
    assert mutable == {2: "mutable", 3: "mutable", 4: "closed", 5: "closed"}


def test_a_circle_of_parents_ends(database: Database) -> None:
    give_retried(database, parent_tid=2)
    give_task(database, 2, "finished", parent_tid=1)
    give_dataset(database, 2, 1, [SPENT], datasetname="scope:output.12")
    give_dataset(database, 2, 2, [], "output")

    assert retries.retry(database, 1).retried == [1, 2]


def test_children_stay_as_they_are_where_the_retry_is_for_one_task(database: Database) -> None:
    give_retried(database)
    give_task(database, 2, "finished", parent_tid=1)

    assert retries.retry(database, 1, child_tasks=False).retried == [1]
    assert task_row(database, 2).status == "finished"


def test_a_dry_run_changes_nothing(database: Database) -> None:
    give_retried(database)

    assert retries.retry(database, 1, options=VerbOptions(dry_run=True)).tasks == {1: "ready"}

    assert task_row(database, 1).status == "toretry"
    assert file_columns(database, 11, "maxattempt") == [(3,), (3,)]


def test_the_number_of_statements_does_not_grow_with_the_number_of_tasks(
    database: Database,
) -> None:
    def statements(tasks: list[int]) -> int:
        sent: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            sent.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        retries.retry(database, tasks)
        event.remove(database.engine, "before_cursor_execute", note)
        return len(sent)

    for task in range(1, 22):
        give_retried(database, task)

    assert statements([1]) == statements([*range(2, 22)])


def test_two_retries_at_once_count_once(database: Database) -> None:
    give_retried(database)
    results: list[Any] = []

    def retry() -> None:
        results.append(retries.retry(database, [1]))

    threads = [threading.Thread(target=retry) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sorted(len(done.retried) for done in results) == [0, 1]
    assert file_columns(database, 11, "maxattempt") == [(3,), (8,)]


def test_more_attempts_reactivate_the_files_that_have_none_left(database: Database) -> None:
    give_task(database, 1, "pending", oldstatus="running")
    over = {"attemptnr": 5, "failedattempt": 4}
    give_dataset(database, 1, 1, [FINISHED, SPENT, over, {"attemptnr": 1}], nfilesused=3)
    give_dataset(database, 1, 2, [SPENT], "output")

    done = retries.increase_attempts(database, 1, 2)

    assert (done.files, done.reactivated) == (3, 2)
    assert file_columns(database, 11, "maxattempt", "maxfailure") == [
        (3, 3), (5, 5), (7, 5), (5, 5),
    ]  # fmt: skip
    dataset = dataset_row(database, 11)
    assert (dataset.nfilesused, dataset.nfilesfailed) == (1, 0)
    assert file_columns(database, 12, "maxattempt") == [(3,)]


def test_more_attempts_are_for_tasks_at_work_and_a_small_number(database: Database) -> None:
    give_task(database, 1, "finished")

    with pytest.raises(TaskRefused, match="Task 1 is finished"):
        retries.increase_attempts(database, 1, 2)
    with pytest.raises(TaskNotFound):
        retries.increase_attempts(database, 2, 2)
    with pytest.raises(InvalidValue, match="by has to be from 1 to 100"):
        retries.increase_attempts(database, 1, 0)


@pytest.mark.parametrize("keep", [False, True])
def test_a_reactivated_task_has_all_its_files_again(database: Database, keep: bool) -> None:
    give_task(database, 1, "finished")
    give_dataset(database, 1, 1, [FINISHED, SPENT, {"status": "lost"}], status="finished")
    give_dataset(database, 1, 2, [FINISHED], "output", status="done")

    assert retries.reactivate(database, [1, 2], keep_attempts=keep) == {1: 3}

    attempts = [1, 3, 0] if keep else [0, 0, 0]
    assert file_columns(database, 11, "status", "attemptnr") == [("ready", n) for n in attempts]
    assert file_columns(database, 12, "status") == [("finished",)]
    dataset = dataset_row(database, 11)
    assert (dataset.status, dataset.nfilesused, dataset.nfilesfinished) == ("ready", 0, 0)
    assert task_row(database, 1).status == "ready"


def test_attempts_follow_each_other_and_are_closed(database: Database) -> None:
    give_task(database, 1, "running", attemptnr=None)
    give_task(database, 2, "done", attemptnr=4)

    assert retries.start_attempts(database, [2, 1, 9]) == [1, 2]
    retries.start_attempts(database, 1)
    retries.end_attempts(database, [1, 2])
    retries.end_attempts(database, 1)

    assert attempts_of(database, 1) == [(0, "running", "running"), (1, "running", "running")]
    assert attempts_of(database, 2) == [(4, "done", "done")]


def test_a_retry_counts_as_a_recount_does(database: Database) -> None:
    give_task(database, 1, "toretry", oldstatus="failed")
    files = [FINISHED, SPENT, SPENT, {"status": "running"}, {"status": "picked"}, {}]
    give_dataset(database, 1, 1, files)

    retries.retry(database, 1)

    file = JediDatasetContents
    with database.session() as session:
        used = session.scalar(select(func.count()).where(file.status != "ready"))
    dataset = dataset_row(database, 11)
    assert (dataset.nfilesused, dataset.nfilesfinished, dataset.nfilesfailed) == (used, 1, 0)


def test_a_task_that_is_locked_for_too_long_is_an_error(database: Database) -> None:
    give_retried(database)

    with database.session() as session:
        session.get(JediTasks, 1, with_for_update=True)
        with pytest.raises(TasksLocked):
            retries.retry(database, 1, options=VerbOptions(patience=0.1))
