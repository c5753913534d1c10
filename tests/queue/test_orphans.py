"""Jobs in states of jobs of workers that no worker has: found by a repair, once it is sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.services import queue
from pandadb.services.queue import Lease, NewQueueJob, steps
from pandadb.services.queue.steps import StepFailure
from tests.controller.queued_jobs import Q, status, take
from tests.queue.test_repairs import do, repaired

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server


def lost(database: Database, **given: object) -> Lease:
    """Return the lease of a job that runs, and is deleted by hand."""
    (job,) = queue.submit(database, [NewQueueJob(Q, **given)]).pandaids
    lease = take(database, job)
    queue.start(database, [lease])
    do(database, "DELETE FROM pandadb.job_lease")
    return lease


def pass_time(database: Database) -> None:
    hour = "- interval '1 hour'"
    do(database, f"UPDATE doma_panda.jobsactive4 SET statechangetime = statechangetime {hour}")
    do(database, f"UPDATE pandadb.job_control SET last_changed = last_changed {hour}")


@pytest.mark.parametrize(("attempts", "state"), [(2, "activated"), (1, "failed")])
def test_a_job_without_a_lease_is_tried_again_or_fails(
    database: Database, attempts: int, state: str
) -> None:
    job = lost(database, max_attempts=attempts).pandaid
    assert queue.repair(database).number == 0
    pass_time(database)
    assert repaired(database).orphans == [job]
    assert status(database, job) == state


def test_a_job_without_a_lease_that_was_to_end_is_cancelled(database: Database) -> None:
    (job,) = queue.submit(database, [NewQueueJob(Q, max_attempts=2)]).pandaids
    queue.start(database, [take(database, job)])
    queue.cancel(database, job, by="me")
    do(database, "DELETE FROM pandadb.job_lease")
    pass_time(database)
    assert repaired(database).orphans == [job]
    assert status(database, job) == "cancelled"


def test_a_job_between_two_steps_of_a_runner_is_none(database: Database) -> None:
    jobs = queue.submit(database, [NewQueueJob(Q, max_attempts=2) for _ in range(3)]).pandaids
    paused, suspended, handed = queue.claim(database, Q, 3, owner="runner")
    steps.fail(database, StepFailure(paused, "no space"))
    steps.fail(database, StepFailure(suspended, "no space", retryable=False))
    steps.advance(database, handed, "staged", run_dir="/run/1")
    steps.advance(database, handed, "running", process="7")
    do(database, "DELETE FROM pandadb.job_lease")
    pass_time(database)
    assert queue.repair(database).orphans == []
    assert [status(database, job) for job in jobs] == ["sent", "sent", "running"]
