"""Leases of runners: one for a job, and no process of an attempt is left to the next one."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from pandadb.core.queue.steps.step_failures import StepFailure
from pandadb.models import JobControl, JobLease, Jobs, Outbox
from pandadb.services import queue
from pandadb.services.queue import Failure, Lease, NewQueueJob, steps

if TYPE_CHECKING:
    from pandadb.database import Database

Q = "demo"
PAST = datetime(2020, 1, 1)


def submitted_to_batch(database: Database) -> Lease:
    """Return the lease of a job that runs in a batch system."""
    queue.submit(database, [NewQueueJob(Q, handler="nothing", max_attempts=3)])
    (lease,) = queue.claim(database, Q, 1, owner="runner", lease=600)
    details = {"run_dir": "/run/1", "process": "17"}
    assert not steps.advance(database, lease, "submitted", **details).refused
    return lease


def details_of(database: Database) -> object:
    with database.session() as session:
        return session.scalar(select(JobControl.details))


def test_a_second_attempt_has_no_process_of_the_first(database: Database) -> None:
    lease = submitted_to_batch(database)
    queue.fail(database, Failure(lease, "bad", retry_in=0))
    assert details_of(database) is None
    assert queue.with_process(database, "17") == []
    again = queue.claim(database, Q, 1, owner="worker")
    queue.start(database, again)
    cancelled = queue.cancel(database, [lease.pandaid], by="me")
    assert (cancelled.jobs, cancelled.asked) == ({}, [lease.pandaid])


def test_the_process_of_a_reaped_job_is_cancelled(database: Database) -> None:
    lease = submitted_to_batch(database)
    with database.session() as session:
        session.execute(update(JobLease).values(until=PAST))
    assert queue.reap(database).requeued == [lease.pandaid]
    assert details_of(database) is None
    with database.session() as session:
        event = session.scalars(select(Outbox)).one()
    assert (event.kind, event.payload) == ("cancel process", {"queue": Q, "process": "17"})


def test_of_two_runners_one_takes_a_job_between_steps(database: Database) -> None:
    lease = submitted_to_batch(database)
    steps.advance(database, lease, "running")
    with database.session() as session:
        session.execute(delete(JobLease))
    taken: list[Lease] = []

    def take() -> None:
        taken.extend(steps.take(database, Q, owner="second", lease=600))

    with database.session() as session:
        # The first has leased the job, and the second sees neither that nor a locked row.
        session.add(JobLease(pandaid=lease.pandaid, token=1, until=datetime(2090, 1, 1), owner="1"))
        session.flush()
        second = threading.Thread(target=take)
        second.start()
        second.join(0.5)
        assert second.is_alive()
        session.commit()
    second.join(10)
    assert taken == []
    with database.session() as session:
        assert session.scalars(select(JobLease.owner)).one() == "1"
        assert session.scalars(select(Jobs.jobstatus)).one() == "running"


def test_a_pause_between_steps_is_no_time_at_which_a_job_is_ready(database: Database) -> None:
    lease = submitted_to_batch(database)
    steps.fail(database, StepFailure(lease, "no answer"))
    assert queue.next_time(database, Q) is None
    with database.session() as session:
        session.execute(update(JobControl).values(run_after=PAST))
    assert queue.make_ready(database, [Q]) == {}
    with database.session() as session:
        assert session.scalar(select(JobControl.run_after)) == PAST
    assert len(steps.take(database, Q, owner="runner")) == 1
