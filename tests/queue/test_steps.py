"""Steps of a runner: staged, submitted, running, fetched; they fail, and are tried again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from pandadb.core.jobs.refusals import JobsLocked
from pandadb.core.queue.steps.batch_processes import BatchProcessNotFound
from pandadb.core.queue.steps.step_failures import StepFailure
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JobControl, Jobs
from pandadb.services import queue
from pandadb.services.queue import Lease, LeaseLost, NewQueueJob, VerbOptions, batches, steps

if TYPE_CHECKING:
    from pandadb.database import Database

Q = "demo"


def claimed(database: Database, number: int = 1) -> list[Lease]:
    queue.submit(database, [NewQueueJob(Q, handler="nothing") for _ in range(number)])
    return queue.claim(database, Q, number, owner="runner", lease=600)


def state(database: Database, pandaid: int) -> tuple[str, str | None]:
    with database.session() as session:
        found = select(Jobs.jobstatus, Jobs.jobsubstatus).where(Jobs.pandaid == pandaid)
        status, substatus = session.execute(found).one()
        return status, substatus


def control(database: Database, pandaid: int) -> JobControl:
    with database.session() as session:
        row = session.get_one(JobControl, pandaid)
        session.expunge(row)
        return row


def let_pause_pass(database: Database) -> None:
    with database.session() as session:
        session.execute(update(JobControl).values(run_after=datetime(2020, 1, 1)))


def test_a_job_goes_through_the_steps_to_its_end(database: Database) -> None:
    (lease,) = claimed(database)
    for step, given, wanted in (
        ("staged", {"run_dir": "/run/1"}, ("starting", "staged")),
        ("submitted", {"process": "17"}, ("starting", "submitted")),
        ("running", {}, ("running", None)),
        ("ended", {}, ("holding", None)),
        ("fetched", {}, ("transferring", None)),
    ):
        assert not steps.advance(database, lease, step, **given).refused
        assert state(database, lease.pandaid) == wanted
    assert control(database, lease.pandaid).details == {"run_dir": "/run/1", "process": "17"}
    assert queue.finish(database, lease).jobs == {lease.pandaid: "finished"}
    with pytest.raises(LeaseLost):
        steps.advance(database, lease, "staged")
    with pytest.raises(InvalidValue, match="is it staged"):
        steps.advance(database, lease, "stagd")


def test_a_step_that_fails_is_tried_after_a_pause_and_then_suspended(database: Database) -> None:
    (lease,) = claimed(database)
    for attempts in (1, 2, 3):
        done = steps.fail(database, StepFailure(lease, "no answer"))[lease.pandaid]
        assert (done.attempts, done.is_suspended) == (attempts, False)
        with pytest.raises(LeaseLost):
            steps.advance(database, lease, "staged")
        assert steps.take(database, Q, owner="runner") == []
        let_pause_pass(database)
        (lease,) = steps.take(database, Q, owner="another", lease=600)
    assert steps.fail(database, StepFailure(lease, "no answer"))[lease.pandaid].is_suspended
    row = control(database, lease.pandaid)
    assert (row.suspended, row.step_attempts, row.step_error) == (True, 3, "no answer")
    assert state(database, lease.pandaid)[0] == "sent"
    assert steps.take(database, Q, owner="runner") == []
    queue.retry(database, lease.pandaid)
    (lease,) = steps.take(database, Q, owner="runner", lease=600)
    steps.advance(database, lease, "staged")
    assert control(database, lease.pandaid).step_attempts == 0


@pytest.mark.parametrize("step", ["submitted", "running"])
def test_a_look_that_finds_a_job_where_it_was_forgets_failed_looks(
    database: Database, step: str
) -> None:
    (lease,) = claimed(database)
    steps.advance(database, lease, "staged")
    steps.advance(database, lease, "submitted", process="17")
    steps.advance(database, lease, step)
    before = state(database, lease.pandaid)
    steps.fail(database, StepFailure(lease, "no answer"))
    let_pause_pass(database)
    (lease,) = steps.take(database, Q, owner="runner", lease=600)
    assert not steps.advance(database, lease, step).refused
    row = control(database, lease.pandaid)
    assert (row.step_attempts, row.step_error, row.run_after) == (0, None, None)
    assert (state(database, lease.pandaid), row.details) == (before, {"process": "17"})


def test_a_final_failure_suspends_at_once(database: Database) -> None:
    (lease,) = claimed(database)
    done = steps.fail(database, [StepFailure(lease, "wrong host", retryable=False)])
    assert done[lease.pandaid].is_suspended
    with pytest.raises(LeaseLost):
        steps.fail(database, StepFailure(lease, "again"))
    assert steps.fail(database, [StepFailure(lease, "again")]) == {}


def test_certain_jobs_are_claimed_by_priority_then_age(database: Database) -> None:
    jobs = [NewQueueJob(Q, handler="nothing", priority=p) for p in (0, 5, 0)]
    first, high, last = queue.submit(database, jobs).pandaids
    (lease,) = steps.claim_jobs(database, [first, high, last], 1, owner="runner")
    assert (lease.pandaid, lease.parameters) == (high, {"handler": "nothing"})
    assert [one.pandaid for one in steps.claim_jobs(database, [last, high], owner="r")] == [last]
    assert queue.finish(database, lease).jobs == {high: "finished"}


def test_a_batch_process_has_jobs_and_loses_those_that_it_has_not_finished(
    database: Database,
) -> None:
    leases = claimed(database, 3)
    process = batches.register(database, "9001", Q)
    steps.advance(database, leases, "queued in batch")
    batches.start(database, process)
    batches.fetch(database, process, leases[:2])
    jobs = [one.pandaid for one in leases]
    assert [state(database, job) for job in jobs] == [
        ("running", "batch"),
        ("running", "batch"),
        ("starting", "batch"),
    ]
    steps.advance(database, leases[0], "fetched")
    (found,) = batches.listed(database, queues=Q)
    assert (found.status, found.process, found.jobs) == ("running", "9001", jobs[:2])
    assert batches.end(database, process) == [jobs[1]]
    assert control(database, jobs[1]).suspended
    assert batches.listed(database) == []
    assert batches.listed(database, statuses="finished")[0].endtime
    with pytest.raises(BatchProcessNotFound):
        batches.end(database, process)


def test_a_failed_step_of_a_locked_job_is_refused_and_counts_no_attempt(
    database: Database,
) -> None:
    (lease,) = claimed(database)
    brief = VerbOptions(patience=0.05)
    with (
        queue.lock_jobs(database, lease.pandaid),
        pytest.raises(JobsLocked, match="nothing was changed"),
    ):
        steps.fail(database, StepFailure(lease, "disk full"), brief)
    assert control(database, lease.pandaid).step_attempts == 0
    assert steps.fail(database, StepFailure(lease, "disk full"))[lease.pandaid].attempts == 1


def test_a_batch_process_with_a_locked_job_has_not_ended(database: Database) -> None:
    (lease,) = claimed(database)
    number = batches.register(database, "9001", Q)
    batches.fetch(database, number, [lease])
    brief = VerbOptions(patience=0.05)
    with queue.lock_jobs(database, lease.pandaid), pytest.raises(JobsLocked, match="nothing"):
        batches.end(database, number, brief)
    assert [one.number for one in batches.listed(database)] == [number]
    assert batches.end(database, number) == [lease.pandaid]
