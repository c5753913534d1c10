"""Verbs of users on jobs that workers have, or take at the same time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from pandadb.controller import JobController, NotAllowed
from pandadb.core.control import locks
from pandadb.core.queue import claims, leases
from pandadb.core.queue.verbs import withdrawn_leases
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl, JobGroupMember, Outbox
from pandadb.services import jobs, queue
from pandadb.services.queue import NewQueueJob, Standing, Success, steps
from pandadb.services.queue.flows import NewFlow, Response
from tests.controller.queued_jobs import Q, finish, status, take
from tests.queue.test_queue_together import deadlocks
from tests.waiting import meanwhile

if TYPE_CHECKING:
    from pandadb.database import Database
    from pandadb.services.selection import VerbReport

pytestmark = pytest.mark.any_server


def submitted(database: Database, *jobs: NewQueueJob) -> list[int]:
    return queue.submit(database, jobs).pandaids


def places(database: Database) -> dict[int, bool]:
    """Return the members of groups, each with whether it is admitted."""
    with database.session() as session:
        rows = session.execute(select(JobGroupMember.pandaid, JobGroupMember.admitted))
        return {row.pandaid: row.admitted for row in rows}


def test_a_rerun_that_is_refused_leaves_the_job_to_its_worker(database: Database) -> None:
    (job,) = submitted(database, NewQueueJob(Q, group="g"))
    lease = take(database, job)
    steps.advance(database, lease, "staged")
    steps.advance(database, lease, "running")
    queue.cancel(database, job, by="me")
    with database.session() as session:
        session.get_one(JobControl, job).details = {"process": "7"}

    report = JobController(database).rerun(job, on_error="skip")

    assert [*report.skipped] == [job]
    assert not queue.heartbeat(database, [lease])[job].is_lost
    assert places(database) == {job: True}
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(Outbox)) == 0
    assert queue.end_cancelled(database, [lease]).jobs == {job: "cancelled"}


def test_a_pause_that_is_refused_leaves_no_mark(database: Database) -> None:
    """The job is claimed while the pause waits for it."""
    (job,) = submitted(database, NewQueueJob(Q, group="g", max_attempts=2))
    controller = JobController(database)
    reports: list[VerbReport] = []
    with database.transaction() as connection:
        claims.claim(connection, Q, 1, owner="w", seconds=60, host="h")
        pause = partial(controller.pause, job, on_error="skip")
        with meanwhile(database, lambda: reports.append(pause())):
            connection.commit()
    assert [*reports[0].skipped] == [job]
    with database.session() as session:
        assert not session.get_one(JobControl, job).held
    assert places(database) == {job: True}


@pytest.mark.parametrize("verb", ["rerun", "set_state"])
def test_a_verb_waits_for_a_worker_that_ends_the_job(database: Database, verb: str) -> None:
    """It waits for the lease before it has any lock that the worker needs."""
    parent, _ = submitted(database, NewQueueJob(Q, "A"), NewQueueJob(Q, "B", parents=["A"]))
    lease = take(database, parent)
    queue.start(database, [lease])
    controller = JobController(database)
    act = {
        "rerun": lambda: controller.rerun(parent),
        "set_state": lambda: controller.set_state(parent, "ready"),
    }
    with database.transaction() as connection:
        assert leases.close(connection, [lease]) == {parent: True}
        with meanwhile(database, act[verb]):
            assert locks.lock(connection, [parent]) == [parent]
            connection.commit()
    assert (status(database, parent), deadlocks(database)) == ("activated", 0)


def test_a_job_that_is_set_to_throttled_is_admitted_when_its_group_has_a_place(
    database: Database,
) -> None:
    first, second = submitted(database, *[NewQueueJob(Q, group="g") for _ in range(2)])
    JobController(database).set_state(first, Standing.THROTTLED)
    assert [status(database, job) for job in (first, second)] == ["throttled", "activated"]
    finish(database, second)
    assert status(database, first) == "activated"


def test_a_job_that_is_set_to_running_keeps_its_place(database: Database) -> None:
    first, second = submitted(database, *[NewQueueJob(Q, group="g") for _ in range(2)])
    JobController(database).set_state(first, Standing.RUNNING)
    assert [status(database, job) for job in (first, second)] == ["running", "throttled"]
    assert places(database) == {first: True, second: False}
    JobController(database).set_state(first, Standing.FINISHED)
    assert status(database, second) == "activated"


def test_throttle_release_and_reset_do_not_bypass_a_group_or_a_pause(database: Database) -> None:
    first, second, third = queue.submit(
        database, [NewQueueJob(Q, group="g"), NewQueueJob(Q, group="g"), NewQueueJob(Q)]
    ).pandaids
    queue.pause(database, third)
    for verb, job, words in (
        (jobs.throttle, first, "is of the group 'g', which admits its jobs"),
        (jobs.reset, first, "is of the group 'g'"),
        (jobs.release, second, "is of the group 'g'"),
        (jobs.release, third, "is paused by its user"),
    ):
        with pytest.raises(jobs.Refused, match=words):
            verb(database, job)
    assert [status(database, job) for job in (first, second, third)] == [
        "activated", "throttled", "throttled",
    ]  # fmt: skip


def test_children_that_went_on_wait_for_a_resumed_parent(database: Database) -> None:
    parent, child, other = queue.submit(
        database,
        [
            NewQueueJob(Q, "P"),
            NewQueueJob(Q, "C", parents=["P"], on_failure="ignore"),
            NewQueueJob(Q, "D", parents=["P"], on_failure="ignore"),
        ],
    ).pandaids
    controller = JobController(database)
    controller.stop(parent)
    lease = take(database, other)
    assert (status(database, child), status(database, other)) == ("activated", "sent")
    with pytest.raises(NotAllowed, match=f"job {other} depends on it and is claimed"):
        controller.resume(parent)
    queue.give_back(database, lease)
    controller.pause(other)
    report = controller.resume(parent)
    assert report.related == {child: "pending"}
    finish(database, report.attempts[parent])
    assert (status(database, child), status(database, other)) == ("activated", "pending")
    controller.resume(other)
    assert status(database, other) == "activated"


def test_a_job_that_changes_its_flow_waits_for_its_lease_before_its_group(
    database: Database,
) -> None:
    """A rerun has the lease and waits for the group: the other way would be a deadlock."""
    flow = NewFlow("f", queue=Q)
    (job,) = queue.submit(database, [NewQueueJob(name="A", group="g")], flow=flow).pandaids
    lease = take(database, job)
    change = Response(addition=NewQueueJob(name="B", handler="nothing"))
    with database.transaction() as connection:
        withdrawn_leases.lock(connection, [job])
        with meanwhile(database, lambda: queue.finish(database, Success(lease, None, change))):
            locks.lock(connection, [job], Lock.NOWAIT)
            connection.commit()
    assert status(database, job) == "finished"
