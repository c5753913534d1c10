"""What rules do about failed jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JediTasks, JobsArchived4, SchedconfigJSON
from pandadb.services import errors
from pandadb.services.errors import VerbOptions
from tests.given_errors import (
    give_actions,
    give_class,
    give_failed,
    give_rule,
    running_file,
)
from tests.task_rows import LONG_AGO, task_row

if TYPE_CHECKING:
    from pandadb.database import Database

MORE_CPU = {"cputime": 10, "cputimeunit": "HS06sPerEvent", "basewalltime": 100, "cpuefficiency": 90}


def give_queue(database: Database, **data: Any) -> None:
    queue = {"maxtime": 86400, "corepower": 10, "corecount": 1, **data}
    with database.session() as session:
        session.add(SchedconfigJSON(panda_queue="QUEUE_A", data=queue, last_update=LONG_AGO))


def test_input_without_attempts_left_is_not_tried_again(database: Database) -> None:
    give_actions(database)
    give_rule(database, 1, 1305, "no_retry")
    give_failed(database, 11, 1305)
    done = errors.react(database, 11)
    assert [(one.pandaid, one.rule.number) for one in done.rules] == [(11, 1)]
    assert running_file(database, 11).maxattempt == 1


def test_a_rule_is_the_same_for_one_job_and_for_many(database: Database) -> None:
    give_actions(database)
    give_rule(database, 1, 1, "no_retry")
    give_rule(database, 2, 2, "limit_retry", parameters="maxAttempt=2")
    give_rule(database, 3, 3, "increase_memory")
    jobs = [give_failed(database, 10 + n, 1 + n % 3) for n in range(30)]
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    errors.react(database, jobs)
    many = len(statements)
    assert {running_file(database, job).maxattempt for job in jobs[::3]} == {1}
    assert {running_file(database, job).maxattempt for job in jobs[1::3]} == {2}
    assert {running_file(database, job).ramcount for job in jobs[2::3]} == {3000}
    few = [give_failed(database, 50 + n, 1 + n % 3) for n in range(3)]
    statements.clear()
    errors.react(database, few)
    assert len(statements) == many


def test_a_rule_that_is_not_active_is_only_reported(database: Database) -> None:
    give_actions(database)
    give_rule(database, 1, 1305, "no_retry", active="N")
    give_failed(database, 11, 1305)
    (one,) = errors.react(database, 11).rules
    assert "not active" in one.done
    assert running_file(database, 11).maxattempt == 5


def test_an_expired_rule_does_nothing(database: Database) -> None:
    give_actions(database)
    give_rule(database, 1, 1305, "no_retry", expiration_date=LONG_AGO)
    give_failed(database, 11, 1305)
    assert not errors.react(database, 11).rules


def test_a_limit_without_a_number_leaves_the_next_error_to_its_rules(database: Database) -> None:
    give_actions(database)
    give_rule(database, 1, 1305, "limit_retry", parameters="max=2")
    give_rule(database, 2, 65, "no_retry", errorsource="exeErrorCode")
    give_failed(database, 11, 1305, exeerrorcode=65)
    first, second = errors.react(database, 11).rules
    assert "no number" in first.done
    assert second.rule.number == 2
    assert running_file(database, 11).maxattempt == 1


def test_a_factor_that_is_no_number_is_named(database: Database) -> None:
    give_actions(database)
    give_rule(database, 1, 1305, "increase_memory_xtimes")
    give_failed(database, 11, 1305, task={"splitrule": "RX=0-1000-2.0"})
    (one,) = errors.react(database, 11).rules
    assert "RX" in one.done
    assert running_file(database, 11).ramcount == 0


def test_the_unit_of_a_jobs_memory_is_known_with_its_blanks(database: Database) -> None:
    """MINRAMUNIT is CHAR(4): the server finds `MB` with blanks, and takes it for another unit."""
    give_actions(database)
    give_rule(database, 1, 1305, "increase_memory")
    give_failed(database, 11, 1305, minramcount=14400, corecount=8, minramunit="MB")
    errors.react(database, 11)
    assert running_file(database, 11).ramcount == 3000  # 16000 MB of 8 cores are 2000 MB for each


def test_cpu_time_is_that_of_the_failed_job(database: Database) -> None:
    """On PostgreSQL panda-server's statement for this is malformed."""
    give_actions(database)
    give_rule(database, 1, 1305, "increase_cputime")
    give_queue(database)
    give_failed(database, 11, 1305, task=MORE_CPU)
    errors.react(database, 11)
    task = task_row(database, 11)
    assert (task.cputime, task.cputimeunit) == (
        641,
        "HS06sPerEvent",
    )  # 3500 s * 10 * 1.65 / 0.9 / 100


def test_cpu_time_is_estimated_anew_where_the_job_has_no_times(database: Database) -> None:
    give_actions(database)
    give_rule(database, 1, 1305, "increase_cputime")
    give_queue(database)
    give_failed(database, 11, 1305, task={**MORE_CPU, "walltimeunit": "s"}, starttime=None)
    give_failed(database, 12, 1305, task={**MORE_CPU, "walltimeunit": "s"})
    with database.session() as session:
        columns = {"jobstatus": "finished", "modificationtime": LONG_AGO, "transformation": "run"}
        session.add(JobsArchived4(pandaid=13, jeditaskid=12, **columns))
    errors.react(database, [11, 12])
    assert [task_row(database, task).walltimeunit for task in (11, 12)] == [None, None]
    assert [task_row(database, task).cputime for task in (11, 12)] == [10, 10]


def test_a_job_that_ran_shorter_than_the_base_leaves_the_cpu_time(database: Database) -> None:
    give_actions(database)
    give_rule(database, 1, 1305, "increase_cputime")
    give_queue(database)
    give_failed(database, 11, 1305, task={**MORE_CPU, "cputime": None, "basewalltime": 9999})
    errors.react(database, 11)
    assert task_row(database, 11).cputime is None


def test_a_system_error_allows_one_failure_more(database: Database) -> None:
    give_class(database, 1305, "system")
    give_class(database, 7, "user")
    for job, code in ((11, 1305), (12, 7)):
        give_failed(database, job, code)
    done = errors.react(database, [11, 12])
    assert {job: found.allows_failure for job, found in done.classes.items()} == {
        11: True,
        12: False,
    }
    assert [running_file(database, job).maxfailure for job in (11, 12)] == [4, 3]


def test_jobs_that_did_not_fail_are_refused_and_the_others_taken(database: Database) -> None:
    give_actions(database)
    give_rule(database, 1, 1305, "no_retry")
    give_failed(database, 11, 1305)
    give_failed(database, 12, 1305, jobstatus="cancelled")
    done = errors.react(database, [11, 12, 99])
    assert {job: refusal.reason for job, refusal in done.refused.items()} == {
        12: "wrong state",
        99: "unknown",
    }
    assert running_file(database, 12).maxattempt == 5
    assert running_file(database, 11).maxattempt == 1


def test_a_dry_run_changes_nothing(database: Database) -> None:
    give_actions(database)
    give_rule(database, 1, 1305, "no_retry")
    give_class(database, 1305, "system")
    give_failed(database, 11, 1305)
    assert errors.react(database, 11, VerbOptions(dry_run=True)).rules
    file = running_file(database, 11)
    assert (file.maxattempt, file.maxfailure) == (5, 3)


def test_a_job_of_no_task_gets_no_memory(database: Database) -> None:
    give_actions(database)
    give_rule(database, 1, 1305, "increase_memory")
    give_failed(database, 11, 1305)
    with database.session() as session:
        session.get_one(JediTasks, 11).ramcount = 2000
        job = session.get_one(JobsArchived4, (11, LONG_AGO))
        job.jeditaskid = None
    (one,) = errors.react(database, 11).rules
    assert "no task" in one.done


def test_what_is_no_job_is_refused(database: Database) -> None:
    with pytest.raises(InvalidValue):
        errors.react(database, ["x"])  # type: ignore[list-item]
