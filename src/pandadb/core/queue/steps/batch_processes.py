"""Batch processes: jobs of a batch system that fetch many jobs of a queue, one after the other.

They are workers of Harvester's tables: HARVESTER_WORKERS, and HARVESTER_REL_JOBS_WORKERS for their
jobs, under the instance name of the job queue.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from pandadb.core.control.locks import refusing_to_wait
from pandadb.core.queue.steps import job_steps, step_failures
from pandadb.core.sql.expressions import constants, now
from pandadb.core.sql.validation import words
from pandadb.errors import PandaDBError
from pandadb.models import HarvesterRelJobsWorkers, HarvesterWorkers, JobsActive4
from pandadb.models.schemas.control import JOB_LEASE_TOKEN_SEQ

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pandadb.core.queue.ending.end_results import EndResult
    from pandadb.core.queue.leases import Lease
    from pandadb.core.sql.transaction import Transaction

WORKER, RELATION, JOB = (
    one.__table__.c for one in (HarvesterWorkers, HarvesterRelJobsWorkers, JobsActive4)
)
INSTANCE = "pandadb"
"""The `harvesterid` of batch processes."""
SUBMITTED, RUNNING, FINISHED = "submitted", "running", "finished"
LIVE = (SUBMITTED, RUNNING)


class BatchProcessNotFound(PandaDBError):
    """A batch process that is not registered, or has ended."""


@dataclass(frozen=True)
class BatchProcess:
    """A batch process."""

    number: int
    process: str
    """Its identifier in the batch system."""
    queue: str
    status: str
    """submitted, running or finished."""
    starttime: datetime | None = None
    endtime: datetime | None = None
    jobs: list[int] = field(default_factory=list)
    """The jobs that it has or had, by PandaID."""


def register(session: Transaction, process: str, queue: str) -> int:
    """Register a batch process that has been submitted; return its number."""
    number = session.execute(select(JOB_LEASE_TOKEN_SEQ.next_value())).scalar_one()
    row = {
        "harvesterid": INSTANCE,
        "workerid": number,
        "batchid": process,
        "computingsite": queue,
        "status": SUBMITTED,
        "lastupdate": now(),
        "submittime": now(),
    }
    session.execute(insert(HarvesterWorkers.__table__).values(row))
    return number


def start(session: Transaction, number: int) -> None:
    """Note that a batch process has been seen running.

    Raises:
        BatchProcessNotFound: It is not registered, or has ended.
    """
    _set(session, number, status=RUNNING, starttime=now())


def fetch(session: Transaction, number: int, held: Sequence[Lease], *, host: str) -> EndResult:
    """Note that a batch process has fetched jobs, and runs them.

    Raises:
        BatchProcessNotFound: It is not registered, or has ended.
        JobsLocked: See `mover.move`.
    """
    process = _set(session, number)
    step = job_steps.RUNNING_IN_BATCH
    done = job_steps.advance(session, held, step, host=host, details={"process": process})
    rows = [
        {"harvesterid": INSTANCE, "workerid": number, "pandaid": job, "lastupdate": now()}
        for job in done.jobs
    ]
    if rows:
        new = upsert(HarvesterRelJobsWorkers.__table__).values(rows)
        session.execute(new.on_conflict_do_nothing())
    return done


def end(session: Transaction, number: int) -> list[int]:
    """Note that a batch process has ended; return the jobs that it has lost.

    Jobs that it has not finished are suspended: a user decides whether they run again.

    Raises:
        BatchProcessNotFound: It is not registered, or has ended.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    process = _set(session, number, status=FINISHED, endtime=now())
    running = (
        select(JOB.pandaid)
        .join(RELATION.pandaid.table, RELATION.pandaid == JOB.pandaid)
        .where(
            RELATION.harvesterid == INSTANCE,
            RELATION.workerid == number,
            JOB.jobstatus == "running",
        )
        .order_by(JOB.pandaid)
    )
    step_failures.lock(session, [*session.scalars(running)])  # first, as verbs do
    with refusing_to_wait():
        lost = [*session.scalars(running.with_for_update(of=JobsActive4.__table__))]
    if lost:
        words = f"the batch process {process} has ended without the job"
        step_failures.suspend(session, lost, words)
    return lost


def listed(
    session: Transaction,
    *,
    queues: str | Sequence[str] | None = None,
    statuses: str | Sequence[str] = LIVE,
) -> list[BatchProcess]:
    """Return batch processes, the oldest first, with their jobs."""
    jobs = (
        select(func.array_agg(RELATION.pandaid))
        .where(RELATION.harvesterid == WORKER.harvesterid, RELATION.workerid == WORKER.workerid)
        .scalar_subquery()
    )
    columns = (WORKER.workerid, WORKER.batchid, WORKER.computingsite, WORKER.status)
    rows = (
        select(*columns, WORKER.starttime, WORKER.endtime, jobs)
        .where(WORKER.harvesterid == INSTANCE, WORKER.status.in_(words(statuses)))
        .order_by(WORKER.workerid)
    )
    if queues is not None:
        rows = rows.where(WORKER.computingsite.in_(words(queues)))
    return [BatchProcess(*row[:-1], sorted(row[-1] or ())) for row in session.execute(rows)]


def remove_all(session: Transaction) -> None:
    """Delete all batch processes."""
    for table in (HarvesterRelJobsWorkers.__table__, HarvesterWorkers.__table__):
        session.execute(delete(table).where(table.c.harvesterid == INSTANCE))


def _set(session: Transaction, number: int, **values: object) -> str:
    """Change a live batch process; return its identifier in the batch system."""
    mine = WORKER.harvesterid == INSTANCE, WORKER.workerid == number
    live = WORKER.status.in_(constants(LIVE))
    changed = update(HarvesterWorkers.__table__).where(*mine, live)
    found = session.execute(
        changed.values(lastupdate=now(), **values).returning(WORKER.batchid)
    ).scalar()
    if found is None:
        raise BatchProcessNotFound(f"There is no live batch process {number}")
    return str(found)
