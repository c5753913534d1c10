"""Locks of queued jobs: who waits for whom, and who is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.controller import JobController, NotAllowed, TooMany
from pandadb.core.control import locks
from pandadb.core.queue import claims
from pandadb.core.queue.verbs import job_rows
from pandadb.core.sql.transaction import Lock
from pandadb.services import queue
from pandadb.services.queue import JobsLocked, NewQueueJob, VerbOptions
from tests.controller.queued_jobs import Q, finish, status, take
from tests.queue.test_repairs import do
from tests.waiting import meanwhile

if TYPE_CHECKING:
    from pandadb.database import Database

PATIENCE = VerbOptions(patience=0.05)


def pair(database: Database) -> tuple[int, int]:
    """A parent and its child, which is older."""
    child, parent = queue.submit(
        database, [NewQueueJob(Q, "B", parents=["A"]), NewQueueJob(Q, "A", max_attempts=2)]
    ).pandaids
    return parent, child


def test_no_worker_takes_or_ends_locked_jobs(database: Database) -> None:
    first, second = queue.submit(database, [NewQueueJob(Q), NewQueueJob(Q)]).pandaids
    lease = take(database, first)
    with queue.lock_jobs(database, [first, second]):
        assert queue.claim(database, Q, 9, owner="w") == []
        with pytest.raises(JobsLocked):
            queue.finish(database, [lease], PATIENCE)
        assert not queue.heartbeat(database, [lease])[first].is_lost
    assert queue.finish(database, [lease]).jobs == {first: "finished"}


def test_a_job_is_skipped_if_its_child_is_locked(database: Database) -> None:
    parent, child = pair(database)
    (alone,) = queue.submit(database, [NewQueueJob(Q)]).pandaids
    with queue.lock_jobs(database, child), database.transaction() as connection:
        assert job_rows.lock(connection, [parent, alone], Lock.SKIP) == [alone]
    with database.transaction() as connection:
        assert locks.lock(connection, [parent, alone], Lock.SKIP) == [parent, alone]


def test_a_reaper_leaves_a_job_with_a_locked_child_until_it_is_free(database: Database) -> None:
    parent, child = pair(database)
    lease = take(database, parent)
    do(database, "UPDATE pandadb.job_lease SET until = now() - interval '1 day'")
    with queue.lock_jobs(database, child):
        assert queue.reap(database, PATIENCE).number == 0
        assert not queue.heartbeat(database, [lease])[parent].is_lost
    do(database, "UPDATE pandadb.job_lease SET until = now() - interval '1 day'")
    assert queue.reap(database).requeued == [parent]


def test_a_job_that_a_worker_takes_meanwhile_is_not_deleted(database: Database) -> None:
    (job,) = queue.submit(database, [NewQueueJob(Q)]).pandaids
    controller = JobController(database)

    def delete() -> None:
        with pytest.raises(NotAllowed, match="is claimed"):
            controller.delete(job)

    with database.transaction() as connection:
        claims.claim(connection, Q, 1, owner="w", seconds=60, host="h")
        with meanwhile(database, delete):
            connection.commit()
    assert status(database, job) == "sent"


def test_cancels_take_filters_limits_and_dry_runs(database: Database) -> None:
    parent, child = pair(database)
    controller = JobController(database)
    with pytest.raises(TooMany):
        controller.cancel([parent, child], limit=1)
    assert controller.cancel(parent, dry_run=True).dry_run
    assert status(database, parent) == "activated"
    report = controller.cancel(parent, cascade=True)
    assert (report.states, report.related) == ({parent: "cancelled"}, {child: "cancelled"})
    (late,) = queue.submit(database, [NewQueueJob(Q)]).pandaids
    finish(database, late)
    assert [*controller.cancel([late], on_error="skip").skipped] == [late]
