"""Verbs of users on jobs of the queue: F.4-10, 13, 14, 16 and 17."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from pandadb.controller import JobController, JobFilter, NotAllowed, NotFound, TooMany, in_standing
from pandadb.models import JediJobRetryHistory, JobControl, Jobs
from pandadb.models.base import Base
from pandadb.models.schemas.control import Outbox
from pandadb.services import drift, queue
from pandadb.services.queue import NewQueueJob, Success
from tests.controller.queued_jobs import Q, fail, finish, newest, status, take

if TYPE_CHECKING:
    from pandadb.database import Database

MANY = 1_000


def submitted(database: Database, number: int, **given: Any) -> list[int]:
    jobs = [NewQueueJob(Q, name=f"job.{n}", **given) for n in range(number)]
    return queue.submit(database, jobs).pandaids


def chain(database: Database, *names: str, **given: Any) -> int:
    """A flow of jobs, each the parent of the next; return its number."""
    jobs = [
        NewQueueJob(Q, name=name, parents=names[max(n - 1, 0) : n], **given)
        for n, name in enumerate(names)
    ]
    flow = queue.submit(database, jobs, flow="f").jeditaskid
    assert flow is not None
    return flow


def test_a_finished_parent_with_a_finished_child_is_rerun_by_force_only(
    database: Database,
) -> None:
    """F.4-10."""
    chain(database, "A", "B")
    old = {name: newest(database, name) for name in "AB"}
    for name in "AB":
        finish(database, old[name], {"n": name})
    controller = JobController(database)

    with pytest.raises(NotAllowed, match=f"Job {old['A']} is finished"):
        controller.rerun(old["A"])
    report = controller.rerun(old["A"], force=True)

    new = {name: newest(database, name) for name in "AB"}
    assert report.attempts == {old[name]: new[name] for name in "AB"}
    assert (report.states, report.related) == ({old["A"]: "activated"}, {old["B"]: "pending"})
    assert [status(database, job) for job in old.values()] == ["finished", "finished"]
    with database.session() as session:
        link = JediJobRetryHistory
        pairs = select(link.oldpandaid, link.newpandaid, link.relationtype)
        assert {*session.execute(pairs)} == {(old[n], new[n], "retry") for n in "AB"}
    for name in "AB":
        finish(database, new[name])
        assert status(database, new[name]) == "finished"


def test_a_rerun_keeps_the_public_id_and_takes_the_dependencies_along(
    database: Database,
) -> None:
    public_ids = queue.submit(
        database, [NewQueueJob(Q, name="A"), NewQueueJob(Q, name="B", parents=["A"])]
    ).public_ids
    fail(database, newest(database, "A"))
    JobController(database).rerun(public_ids[0])
    with database.session() as session:
        known = select(JobControl.public_id).where(JobControl.pandaid == newest(database, "A"))
        assert session.scalar(known) == public_ids[0]
    finish(database, newest(database, "A"))
    assert status(database, newest(database, "B")) == "activated"


def test_a_rerun_of_a_running_job_takes_it_from_its_worker(database: Database) -> None:
    (job,) = submitted(database, 1)
    lease = take(database, job)
    queue.start(database, [lease])
    assert JobController(database).rerun(job).states == {job: "activated"}
    with pytest.raises(queue.LeaseLost):
        queue.finish(database, Success(lease))
    assert queue.heartbeat(database, [lease])[job].is_lost
    finish(database, job)


@pytest.mark.slow
def test_a_thousand_jobs_are_paused_and_resumed_at_once(database: Database) -> None:
    """F.4-13."""
    jobs = submitted(database, MANY)
    controller = JobController(database)
    chosen = JobFilter(queue=Q)
    assert controller.pause(chosen, limit=MANY).changed == jobs
    assert controller.count(in_standing("paused")) == MANY
    assert queue.claim(database, Q, 10, owner="w") == []
    assert controller.resume(in_standing("paused")).changed == jobs
    counts = controller.count(chosen, by="jobstatus")
    assert counts == {"activated": MANY}
    assert len(queue.claim(database, Q, 2 * MANY, owner="w")) == MANY


def test_a_paused_job_of_a_group_leaves_its_place_to_the_next(database: Database) -> None:
    first, second = submitted(database, 2, group="g")
    assert [status(database, job) for job in (first, second)] == ["activated", "throttled"]
    controller = JobController(database)
    controller.pause(first)
    assert [status(database, job) for job in (first, second)] == ["throttled", "activated"]
    controller.resume(first)
    assert [status(database, job) for job in (first, second)] == ["throttled", "activated"]
    finish(database, second)
    assert status(database, first) == "activated"


def test_a_job_in_flight_is_not_deleted(database: Database) -> None:
    """F.4-14."""
    (job,) = submitted(database, 1)
    take(database, job)
    with pytest.raises(NotAllowed, match="is claimed"):
        JobController(database).delete(job)
    assert status(database, job) == "sent"


@pytest.mark.slow
def test_a_purge_leaves_no_row_of_any_job(database: Database) -> None:
    """F.4-14: of 10,000 jobs with their attempts, in no table at all."""
    rows_of_jobs(database)
    jobs = submitted(database, 10_000)
    queue.finish(database, [Success(one, 1) for one in queue.claim(database, Q, 500, owner="w")])
    controller = JobController(database)
    again = controller.rerun(jobs[:100], force=True).attempts
    assert len(again) == 100
    with pytest.raises(TooMany, match="10,000"):
        controller.delete(JobFilter(queue=Q))
    assert len(controller.delete(JobFilter(queue=Q), limit=20_000).changed) == 10_000
    assert rows_of_jobs(database) == {}


def rows_of_jobs(database: Database) -> dict[str, int]:
    """Return the numbers of rows of tables with a column for PandaIDs."""
    left = {}
    with database.session() as session:
        for table in Base.metadata.sorted_tables:
            names = {column.name for column in table.columns}
            if {"pandaid", "oldpandaid"} & names and table is not Outbox.__table__:
                number = session.execute(select(func.count()).select_from(table)).scalar_one()
                left |= {table.name: number} if number else {}
    return left


@pytest.mark.slow
def test_two_callers_at_once_change_each_job_once(database: Database) -> None:
    """F.4-16: no deadlock, and what one has changed the other has skipped."""
    jobs = submitted(database, MANY)
    controller = JobController(database)
    calls = [
        lambda: controller.stop(jobs, on_error="skip"),
        lambda: controller.pause([*reversed(jobs)], on_error="skip"),
        lambda: controller.stop([*reversed(jobs)], on_error="skip"),
        lambda: controller.rerun(jobs, force=True, on_error="skip"),
    ]
    with ThreadPoolExecutor(len(calls)) as pool:
        reports = [future.result(timeout=120) for future in [pool.submit(one) for one in calls]]
    for report in reports:
        assert len(report.changed) + len(report.skipped) == MANY
    with database.session() as session:
        known = session.scalar(select(func.count()).select_from(JobControl))
        live = session.scalars(
            select(Jobs.pandaid).join(JobControl, JobControl.pandaid == Jobs.pandaid)
        ).all()
    assert (known, len(live), len({*live})) == (MANY, MANY, MANY)


@pytest.mark.slow
def test_an_index_that_is_missing_is_named(database: Database) -> None:
    """F.4-17: `db check` names it, and it is built while a hundred jobs a second come in."""
    with database.transaction() as connection:
        connection.exec_driver_sql("DROP INDEX pandadb.job_control_public_id_key")
    assert any("job_control_public_id_key" in str(one) for one in drift.check(database))
    submitted(database, MANY)
    over, made = threading.Event(), list[int]()
    with ThreadPoolExecutor(1) as pool:
        inserts = pool.submit(insert_until, database, over, made)
        assert reaches(made, 1)
        with closing(database.engine.connect()) as connection:
            at_once = connection.execution_options(isolation_level="AUTOCOMMIT")
            at_once.exec_driver_sql(
                "CREATE UNIQUE INDEX CONCURRENTLY job_control_public_id_key"
                " ON pandadb.job_control (public_id)"
            )
        number = len(made)
        assert reaches(made, number + 3)  # inserts go on beside the new index
        over.set()
        inserts.result(timeout=30)
    assert drift.check(database) == []


def insert_until(database: Database, over: threading.Event, made: list[int]) -> None:
    """Submit a job each hundredth of a second until an event."""
    while not over.wait(0.01):
        made.extend(submitted(database, 1))


def reaches(made: list[int], number: int) -> bool:
    """Return whether there are so many jobs within half a minute."""
    deadline = time.monotonic() + 30
    while len(made) < number and time.monotonic() < deadline:
        time.sleep(0.01)
    return len(made) >= number


def test_all_or_nothing_unless_jobs_may_be_skipped(database: Database) -> None:
    first, second = submitted(database, 2)
    take(database, second)
    controller = JobController(database)
    with pytest.raises(NotAllowed, match=f"Job {second} is claimed"):
        controller.pause([first, second])
    assert status(database, first) == "activated"
    assert controller.pause([first, second], on_error="skip").changed == [first]
    with pytest.raises(NotFound, match="Job 5 is unknown"):
        controller.pause([5])


def test_a_dry_run_changes_nothing(database: Database) -> None:
    (job,) = submitted(database, 1)
    report = JobController(database).delete(job, dry_run=True)
    assert (report.changed, report.dry_run, status(database, job)) == ([job], True, "activated")
