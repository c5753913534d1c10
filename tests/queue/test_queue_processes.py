"""Worker processes on one queue: a job is executed once, dead workers are replaced (F.4)."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text

from pandadb.database import Database
from pandadb.models import JobLease, Jobs, JobsArchived4
from pandadb.services import queue
from pandadb.services.queue import LeaseLost, NewQueueJob, VerbRules
from tests.queue.test_queue_together import deadlocks, see

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

FORK = multiprocessing.get_context("fork")
Q = "processes"
LEASE = 1.0
PAYLOAD = text("INSERT INTO public.done SELECT unnest(:jobs)")


def started(target: Any, *given: Any) -> BaseProcess:
    process = FORK.Process(target=target, args=given, daemon=True)
    process.start()
    return process


def work_all(url: str) -> None:
    """Take jobs as long as there are some; the payload appends the PandaID to a table."""
    with Database(url, pool_size=1) as database:
        while leases := queue.claim(database, Q, 20, owner=f"worker {os.getpid()}"):
            with database.transaction() as connection:
                connection.execute(PAYLOAD, {"jobs": [one.pandaid for one in leases]})
            queue.finish(database, leases)


@pytest.mark.parametrize(("workers", "njobs"), [(3, 120), (20, 2000), (20, 50_000)])
def test_many_workers_execute_each_job_once(
    database: Database,
    database_url: str,
    workers: int,
    njobs: int,
    pytestconfig: pytest.Config,
) -> None:
    """F.4-1."""
    if njobs > 2000 and not pytestconfig.getoption("--thorough"):
        pytest.skip("--thorough has 50,000 jobs")
    with database.session() as session:
        session.execute(text("CREATE TABLE public.done (pandaid bigint PRIMARY KEY)"))
    submitted = queue.submit(database, [NewQueueJob(Q) for _ in range(njobs)], notify=False)
    processes = [started(work_all, database_url) for _ in range(workers)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * workers
    with database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM public.done")) == njobs
        ended = select(JobsArchived4.pandaid).where(JobsArchived4.jobstatus == "finished")
        assert {*session.scalars(ended)} == {*submitted.pandaids}
        assert session.scalar(select(func.count(JobLease.pandaid))) == 0
    assert deadlocks(database) == 0


def hold_a_job(url: str, pipe: Connection) -> None:
    """Start a job and do nothing until asked to; then finish it, and report the answer."""
    with Database(url, pool_size=1) as database:
        (lease,) = queue.claim(database, Q, 1, owner="first", lease=LEASE)
        queue.start(database, [lease])
        pipe.send(lease.pandaid)
        pipe.recv()
        try:
            queue.finish(database, lease)
        except LeaseLost:
            pipe.send("lost")
        else:
            pipe.send("finished")


def taken_over(database: Database, seconds: float) -> queue.Lease:
    """Return the lease of another worker on the job, once there is one."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        queue.reap(database)
        if found := queue.claim(database, Q, 1, owner="second"):
            return found[0]
        time.sleep(0.02)
    raise AssertionError("the job of the dead worker was not taken over")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_another_worker_takes_the_job_of_one_that_is_killed_or_stopped(
    database: Database, database_url: str, how: signal.Signals
) -> None:
    queue.submit(database, [NewQueueJob(Q, max_attempts=2)])
    ours, theirs = FORK.Pipe()
    first = started(hold_a_job, database_url, theirs)
    pandaid = ours.recv()
    os.kill(first.pid or 0, how)
    second = taken_over(database, LEASE + 2 + 5)  # 5 for a machine that does much else
    assert (second.pandaid, second.attemptnr) == (pandaid, 2)
    if how == signal.SIGSTOP:
        os.kill(first.pid or 0, signal.SIGCONT)
        ours.send("go on")
        assert ours.recv() == "lost"
        with database.session() as session:
            assert session.scalar(select(Jobs.jobstatus)) == "sent"
    assert queue.finish(database, second).jobs == {pandaid: "finished"}
    first.kill()
    first.join()


def cancel_or_retry(url: str, seed: int, pandaids: list[int], pipe: Connection) -> None:
    """Cancel all jobs, or claim and give back what is free, again and again; report how many."""
    changed = refused = 0
    with Database(url, pool_size=1) as database:
        for _ in range(3):
            if seed == 0:
                done = queue.cancel(database, pandaids, by="me", cascade=True)
                changed += len(done.jobs) + len(done.asked)
                refused += len(done.refused)
            with suppress(LeaseLost):
                leases = queue.claim(database, Q, len(pandaids) // 4, owner=f"w{seed}")
                queue.start(database, leases)
                queue.fail(database, [queue.Failure(one, "bad") for one in leases])
    pipe.send((changed, refused))


@pytest.mark.parametrize("njobs", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_two_processes_change_the_same_jobs_without_a_deadlock(
    database: Database, database_url: str, njobs: int
) -> None:
    jobs = [
        NewQueueJob(Q, f"{n}", max_attempts=9, group=f"g{n % 3}" if n % 5 else None)
        for n in range(njobs - njobs // 4)
    ]
    children = [NewQueueJob(Q, parents=[f"{n}"], on_failure="cancel") for n in range(njobs // 4)]
    for n in range(3):
        queue.set_group(database, f"g{n}", njobs)
    pandaids = queue.submit(database, [*children, *jobs]).pandaids
    ours, theirs = FORK.Pipe()
    processes = [
        started(cancel_or_retry, database_url, seed, [*reversed(pandaids)], theirs)
        for seed in range(2)
    ]
    answers = [ours.recv() for _ in processes]
    assert njobs <= max(sum(answer) for answer in answers) <= 3 * njobs
    assert deadlocks(database) == 0
    see(database)


def rerun_or_cancel(url: str, reruns: bool, pandaids: list[int], pipe: Connection) -> None:
    """Rerun all jobs, or cancel them, where they can be; report how many have changed, and not."""
    skip = VerbRules(on_error="skip")
    with Database(url, pool_size=1) as database:
        if reruns:
            done = queue.rerun(database, pandaids, skip, force=True)
        else:
            done = queue.cancel_jobs(database, pandaids, skip, by="me", cascade=True)
        pipe.send((len(done.changed), len(done.skipped)))


@pytest.mark.parametrize("njobs", [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_two_processes_rerun_and_cancel_the_same_jobs_without_a_deadlock(
    database: Database, database_url: str, njobs: int
) -> None:
    """F.4-16: each job is changed or skipped by both, whichever comes first."""
    parents = [NewQueueJob(Q, f"{n}", group=f"g{n % 3}") for n in range(njobs // 2)]
    children = [NewQueueJob(Q, parents=[f"{n}"]) for n in range(njobs // 2)]
    for n in range(3):
        queue.set_group(database, f"g{n}", njobs // 4)
    pandaids = queue.submit(database, [*children, *parents]).pandaids
    leases = queue.claim(database, Q, njobs // 4, owner="w")
    queue.start(database, leases[::2])
    queue.finish(database, leases[::4])
    ours, theirs = FORK.Pipe()
    both = (True, pandaids), (False, [*reversed(pandaids)])
    for reruns, jobs in both:
        started(rerun_or_cancel, database_url, reruns, jobs, theirs)
    answers = [ours.recv() for _ in both]
    assert [changed + skipped for changed, skipped in answers] == [njobs, njobs]
    assert sum(changed for changed, _ in answers) > 0
    assert deadlocks(database) == 0
    see(database, quiet=False)  # the payloads that are to end have their leases
