# Written from the functions of `pandadb.services.queue` by `pandadb docs stubs`.

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Unpack

from pandadb.aio.database import AsyncDatabase
from pandadb.core.jobs.files.file_reports import Reports
from pandadb.job_types import JobColumns
from pandadb.services.jobs.verbs import PandaIDs
from pandadb.services.queue import (
    ON_FAILURE,
    Beat,
    CancelResult,
    DependencyCycle,
    EndResult,
    Failure,
    Lease,
    LeaseLost,
    NewQueueJob,
    PayloadNeeds,
    ReapResult,
    Submitted,
    Success,
    UnknownParent,
    VerbOptions,
)

__all__ = [
    "ON_FAILURE",
    "Beat",
    "CancelResult",
    "DependencyCycle",
    "EndResult",
    "Failure",
    "Lease",
    "LeaseLost",
    "NewQueueJob",
    "PayloadNeeds",
    "ReapResult",
    "Submitted",
    "Success",
    "UnknownParent",
    "VerbOptions",
    "cancel",
    "claim",
    "drain",
    "end_cancelled",
    "fail",
    "finish",
    "give_back",
    "give_back_unknown",
    "heartbeat",
    "make_ready",
    "next_time",
    "note_sign",
    "payload_needs",
    "reap",
    "register",
    "set_group",
    "start",
    "stop",
    "store_tails",
    "submit",
    "workers",
]

async def cancel(
    database: AsyncDatabase,
    pandaids: PandaIDs,
    options: VerbOptions = ...,
    *,
    by: str,
    cascade: bool = False,
) -> CancelResult:
    """Cancel jobs: those that run end when their workers have ended the payloads.

    With `cascade` all jobs that depend on them are cancelled, too. Jobs that are not of a job queue
    are refused: see `jobs.kill`.

    Raises:
        InvalidValue: An id is no whole number, or `by` does not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def claim(
    database: AsyncDatabase,
    queues: str | Sequence[str],
    njobs: int = 1,
    *,
    owner: str,
    lease: float = 60.0,
    options: VerbOptions = ...,
) -> list[Lease]:
    """Claim jobs of queues for a worker, each under a lease of so many seconds.

    The jobs of the first queue come first; of a queue those of the highest priority, then the
    oldest. Fewer jobs than asked for mean that others claim, too, or that no more are ready: jobs
    whose time has come are made ready then. The call never waits for jobs.

    Raises:
        InvalidValue: A number is beyond its limits, or a name is no text.
        JobsLocked: The table of jobs was locked for longer than the lock timeout.
    """

async def drain(
    database: AsyncDatabase,
    worker_ids: Sequence[str],
    options: VerbOptions = ...,
) -> list[str]:
    """Let running workers take no more jobs, and end; return those that there are."""

async def end_cancelled(
    database: AsyncDatabase,
    held: Lease | Sequence[Lease],
    options: VerbOptions = ...,
) -> EndResult:
    """End jobs that were to be cancelled, now that their payloads have ended.

    Raises:
        LeaseLost: It was one lease, which is lost; nothing was changed.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def fail(
    database: AsyncDatabase,
    failures: Failure | Sequence[Failure],
    options: VerbOptions = ...,
    *,
    files: Reports | None = None,
) -> EndResult:
    """End failed attempts by their leases: a job with an attempt left goes back to its queue.

    Raises:
        LeaseLost: It was one lease, which is lost; nothing was changed.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def finish(
    database: AsyncDatabase,
    successes: Success | Lease | Sequence[Success | Lease],
    options: VerbOptions = ...,
    *,
    files: Reports | None = None,
    **values: Unpack[JobColumns],
) -> EndResult:
    """Finish jobs by their leases, each with its result, if it has one; children go on.

    Raises:
        LeaseLost: It was one lease, which is lost; nothing was changed.
        InvalidValue: A value does not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def give_back(
    database: AsyncDatabase,
    held: Lease | Sequence[Lease],
    options: VerbOptions = ...,
) -> EndResult:
    """Give jobs back to their queue that no payload has begun: no attempt is counted.

    Raises:
        LeaseLost: It was one lease, which is lost; nothing was changed.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def give_back_unknown(
    database: AsyncDatabase,
    owner: str,
    known: Collection[int],
    options: VerbOptions = ...,
) -> EndResult:
    """Give back the jobs of a worker but those with tokens that it knows: no attempt is counted.

    A connection that is lost while a claim is committed leaves such leases.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def heartbeat(
    database: AsyncDatabase,
    held: Sequence[Lease],
    lease: float = 60.0,
    options: VerbOptions = ...,
) -> dict[int, Beat]:
    """Renew leases by so many seconds from now; return the answer for each job.

    A lost lease is not renewed. A job that is to be cancelled keeps its lease until its worker has
    ended the payload: see `end_cancelled`.

    Raises:
        InvalidValue: The lease is too short or too long.
    """

async def make_ready(
    database: AsyncDatabase,
    queues: Sequence[str],
    *,
    options: VerbOptions = ...,
) -> dict[int, str]:
    """Make jobs of queues ready whose time has come; return their new states.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def next_time(
    database: AsyncDatabase,
    queues: str | Sequence[str],
) -> datetime | None:
    """Return the time (naive UTC) at which a job of the queues is due next, if there is one."""

async def note_sign(
    database: AsyncDatabase,
    worker_id: str,
) -> bool:
    """Note a sign of life of a worker; return whether it is to drain."""

async def payload_needs(
    database: AsyncDatabase,
    held: Sequence[Lease],
) -> dict[int, PayloadNeeds]:
    """Return what payloads need beside their parameters: limits, resources, names of outputs.

    A job that has ended meanwhile is missing.
    """

async def reap(
    database: AsyncDatabase,
    options: VerbOptions = ...,
    *,
    limit: int = 1000,
    alone: bool = False,
) -> ReapResult:
    """End expired leases: their jobs are tried again, cancelled or failed.

    Any number of processes may call it at once: each takes others. With `alone` nothing is done
    while another process reaps so, by an advisory lock that ends with the transaction.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def register(
    database: AsyncDatabase,
    worker_id: str,
    queues: Sequence[str],
    slots: int,
    options: VerbOptions = ...,
) -> None:
    """Register this process as a worker that begins.

    Raises:
        InvalidValue: The id is no text.
    """

async def set_group(
    database: AsyncDatabase,
    group_key: str,
    max_running: int,
    options: VerbOptions = ...,
) -> list[int]:
    """Set how many jobs of a group may run at once; return the jobs that are admitted by it.

    A lower limit ends no job: no other is admitted until enough have ended.

    Raises:
        InvalidValue: The limit is no number above 0.
    """

async def start(
    database: AsyncDatabase,
    held: Sequence[Lease],
    options: VerbOptions = ...,
    **values: Unpack[JobColumns],
) -> EndResult:
    """Record that the payloads of claimed jobs run; of lost leases nothing is changed.

    Raises:
        InvalidValue: A value does not fit its column.
        JobsLocked: A job was locked for longer than the lock timeout.
    """

async def stop(
    database: AsyncDatabase,
    worker_id: str,
) -> None:
    """Note that a worker has ended."""

async def store_tails(
    database: AsyncDatabase,
    tails: Sequence[tuple[Lease, str]],
    options: VerbOptions = ...,
) -> None:
    """Store the last output of payloads in JOBSDEBUG; of lost leases nothing is stored."""

async def submit(
    database: AsyncDatabase,
    jobs: Sequence[NewQueueJob],
    options: VerbOptions = ...,
    *,
    jeditaskid: int | None = None,
    notify: bool = True,
) -> Submitted:
    """Submit jobs to their queues, all or none, with their dependencies.

    Jobs wait, as `pending`, for their parents and their time. Without `notify` no worker is woken:
    for bulk loads.

    Raises:
        UnknownParent: A parent is neither a name of the call nor a job.
        DependencyCycle: Jobs wait for each other.
        InvalidValue: A value does not fit its column.
    """

async def workers(
    database: AsyncDatabase,
    *,
    stopped: bool = False,
) -> list[dict[str, Any]]:
    """Return workers, the newest first, each with its columns and `njobs`, its leases."""
