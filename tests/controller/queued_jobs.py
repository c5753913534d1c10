"""Queued jobs in each standing, for tests of verbs: brought there by workers and users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from pandadb.core.jobs import advances
from pandadb.models import JobControl, Jobs
from pandadb.services import queue
from pandadb.services.queue import Failure, NewQueueJob, Standing, Success

if TYPE_CHECKING:
    from pandadb.database import Database

S = Standing
Q = "demo"
STEPS: dict[Standing, list[tuple[str, str | None, str | None]]] = {
    S.CLAIMED: [],
    S.STAGED: [("heartbeat", "starting", "staged")],
    S.SUBMITTED: [("heartbeat", "starting", None)],
    S.RUNNING: [("heartbeat", "running", None)],
    S.HOLDING: [("heartbeat", "running", None), ("hold", None, None)],
    S.TRANSFERRING: [("heartbeat", "running", None), ("transfer", None, None)],
    S.BATCHED: [("heartbeat", "starting", "batch")],
    S.BATCH: [("heartbeat", "running", "batch")],
}
"""The steps of a worker after its claim."""


@dataclass(frozen=True)
class Trio:
    """A job with a parent that has finished, unless the job waits for it, and a child."""

    parent: int
    job: int
    child: int


def trio(database: Database, standing: Standing) -> Trio:
    """Return a job in a standing; no worker has a lease on it."""
    group = "full" if standing is S.THROTTLED else None
    given = [
        NewQueueJob(Q, name="P"),
        NewQueueJob(Q, name="J", parents=["P"], group=group),
        NewQueueJob(Q, name="K", parents=["J"]),
    ]
    if group:
        queue.submit(database, [NewQueueJob(Q, name="first", group=group, priority=-1)])
    made = Trio(*queue.submit(database, given).pandaids)
    if standing is S.WAITING:
        return made
    finish(database, made.parent)
    bring(database, made.job, standing)
    return made


def finish(database: Database, job: int, result: Any = None) -> None:
    """Finish a job that is ready."""
    queue.finish(database, [Success(take(database, job), result)])


def fail(database: Database, job: int) -> None:
    """Let the payload of a job fail that is ready."""
    queue.fail(database, [Failure(take(database, job), "broken", retryable=False)])


def take(database: Database, job: int) -> queue.Lease:
    """Claim one job; others that were claimed with it are given back."""
    leases = {one.pandaid: one for one in queue.claim(database, Q, 99, owner="w")}
    mine = leases.pop(job)
    if leases:
        queue.give_back(database, [*leases.values()])
    return mine


def bring(database: Database, job: int, standing: Standing) -> None:
    """Bring a job that is ready to a standing."""
    if standing in STEPS or standing is S.SUSPENDED:
        step(database, job, standing)
    elif standing is S.FINISHED:
        finish(database, job)
    elif standing is S.FAILED:
        fail(database, job)
    elif standing is S.PAUSED:
        queue.pause(database, job)
    elif standing is S.CANCELLED:
        queue.stop_jobs(database, job, by="user")
    elif standing is S.CLOSED:
        queue.set_state(database, job, S.CLOSED)


def step(database: Database, job: int, standing: Standing) -> None:
    """Claim a job, and take it through the steps of a worker without a lease."""
    take(database, job)
    with database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM pandadb.job_lease")
        for verb, target, substatus in STEPS.get(standing, []):
            values = {"jobsubstatus": substatus}
            advances.advance(connection, verb, [job], target=target, host="h", values=values)
        if standing is S.SUSPENDED:
            control = JobControl.__table__
            connection.execute(
                update(control).where(control.c.pandaid == job).values(suspended=True)
            )


def status(database: Database, job: int) -> str | None:
    """Return the state of a job."""
    with database.session() as session:
        return session.scalar(select(Jobs.jobstatus).where(Jobs.pandaid == job))


def newest(database: Database, name: str) -> int:
    """Return the PandaID of the newest attempt of a job."""
    with database.session() as session:
        return session.scalars(select(JobControl.pandaid).where(JobControl.name == name)).one()
